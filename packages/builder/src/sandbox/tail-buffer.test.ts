import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TailBuffer } from './tail-buffer.ts';

test('however a stream is cut, its last bytes are kept and the others are counted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.uint8Array({ maxLength: 25 })), (size, chunks) => {
      const tail = new TailBuffer(size);
      for (const chunk of chunks) tail.push(chunk);
      const all = Buffer.concat(chunks);
      expect(tail.contents()).toEqual(all.subarray(Math.max(0, all.length - size)));
      expect(tail.dropped).toBe(Math.max(0, all.length - size));
    }),
  );
});
