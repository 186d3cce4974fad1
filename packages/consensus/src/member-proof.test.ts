import type { MemberEntry } from '@verbatim/statements';
import { sha256, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { describe, expect, it } from 'vitest';
import { digest, World } from './_world.ts';
import { decodeBundle, encodeBundle } from './bundle.ts';

const entry: MemberEntry = { path: 'usr/bin/tool', type: 'file', mode: 0o755, size: 4, sha256: digest('tool') };
const hash = sha256(utf8Encode('left'));
const member = { entry, index: 2n, proof: [hash, hash] };
const text = utf8Decode(encodeBundle({ ...new World().evidence(), member }));

describe('the member of a container in a bundle', () => {
  it('comes back as it was', () => {
    expect(decodeBundle(utf8Encode(text)).member).toEqual(member);
    expect(decodeBundle(encodeBundle(new World().evidence()))).not.toHaveProperty('member');
  });

  it.each([
    ['no object', text.replace(/"member":\{.*\}\}$/, '"member":null}'), 'malformed'],
    ['another member', text.replace('"member":{', '"member":{"extra":1,'), 'malformed'],
    ['a way up', text.replace('usr/bin/tool', 'usr/../tool'), 'malformed'],
    ['an unknown type', text.replace('"type":"file"', '"type":"pipe"'), 'malformed'],
    ['an index of a larger tree than there is', text.replace('"index":2,"proof"', '"index":1000000,"proof"'), 'malformed'],
    ['half a hash', text.replace(/("index":2,"proof":")[^"]+/, '$1AAAA'), 'malformed'],
    ['too many hashes', text.replace(/("index":2,"proof":")[^"]+/, `$1${'AAAA'.repeat(224)}`), 'malformed'],
    ['members in another order', text.replace(/"mode":493,("path":"[^"]+")/, '$1,"mode":493'), 'not-canonical'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(bytes).not.toBe(text);
    expect(() => decodeBundle(utf8Encode(bytes))).toThrow(expect.objectContaining({ code }) as Error);
  });
});
