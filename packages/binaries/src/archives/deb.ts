/** The control file of a Debian package (deb(5), deb-control(5)). */
import { BinaryError } from '../errors.ts';
import { UnpackBudget, type Layer } from './layer.ts';
import { layerFormatOf, readLayer } from './read-layer.ts';

const MAX_CONTROL = 1024 * 1024;
/** Archive, compressor, tar. */
const MAX_DEPTH = 3;

/** Fields by name, continued lines joined by spaces; null for a file that is no .deb. Throws BinaryError for one that is damaged or a bomb. */
export async function readDebControl(bytes: Uint8Array): Promise<ReadonlyMap<string, string> | null> {
  if (layerFormatOf(bytes) !== 'ar') return null;
  const budget = new UnpackBudget();
  const outer = await readLayer(bytes, 'ar', budget);
  if (outer.members[0]?.name !== 'debian-binary') return null;
  const packed = outer.members.find(({ name }) => /^control\.tar(?:\.(?:gz|xz|zst))?$/.test(name));
  if (packed === undefined) throw new BinaryError('malformed', 'expected control.tar in the package, found none');
  const control = (await tarIn(packed.bytes, budget)).members.find(({ name }) => /^(?:\.\/)?control$/.test(name));
  if (control === undefined || control.bytes.length > MAX_CONTROL)
    throw new BinaryError('malformed', `expected a control file of at most ${MAX_CONTROL} bytes, found ${control?.bytes.length ?? 'none'}`);
  const text = new TextDecoder('utf-8').decode(control.bytes).replaceAll(/\n[ \t]+/g, ' ');
  return new Map([...text.matchAll(/^([!-9;-~]+):[ \t]*(.*)$/gm)].map(([, name, value]) => [name!, value!.trimEnd()]));
}

async function tarIn(bytes: Uint8Array, budget: UnpackBudget): Promise<Layer> {
  let inner = bytes;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const format = layerFormatOf(inner);
    if (format === null) break;
    const layer = await readLayer(inner, format, budget);
    if (format === 'tar') return layer;
    inner = layer.members[0]?.bytes ?? new Uint8Array(0);
  }
  throw new BinaryError('malformed', 'expected a tar archive in control.tar, found none');
}
