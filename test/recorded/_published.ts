import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { receiveArtifact } from '@verbatim/builder';
import { REPOSITORY, mustVerbatim } from '@verbatim/local';
import { MAX_INLINE_RECIPE, encodeRecipe, parsePurl, recipeOutputs, type Recipe } from '@verbatim/statements';

/** Real releases whose recipes are data here: a folder each, with `recipe.json` and `release.json`. */
const RELEASES = join(REPOSITORY, 'deploy/local/releases');

/** What a registrar says beside the recipe, as `release.json` has it. */
interface ReleaseFile {
  readonly purl: string;
  readonly artifacts: readonly {
    readonly name: string;
    readonly coordinate: string;
    /** Path in what is published there; the whole file without. */
    readonly member?: string;
  }[];
  /** What the recipe builds and nobody published. */
  readonly unpublished?: readonly string[];
}

export interface PublishedRelease {
  readonly purl: string;
  /** Entry index in the log. */
  readonly index: number;
  readonly artifacts: readonly PublishedFile[];
}

export interface PublishedFile {
  readonly name: string;
  /** What was downloaded: the file, or the container that it is in. Null for what nobody published. */
  readonly file: string | null;
  readonly member: string | null;
}

/** Names of all of them. */
export async function knownReleases(): Promise<string[]> {
  const entries = await readdir(RELEASES, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

interface Registrar {
  readonly policy: string;
  /** Private key for an ecosystem. */
  readonly key: (type: string) => string;
  /** Keeps downloads and the signed statement, so that a second run submits the same bytes. */
  readonly dataDir: string;
  /** The one artifact to register; all of the recipe's without. */
  readonly only?: string | undefined;
}

/** Does what a registrar does, as a rebuilder receives: each coordinate through its ecosystem's client, then says so, signed, to the log. */
export async function registerPublished(name: string, registrar: Registrar, progress: (line: string) => void): Promise<PublishedRelease> {
  const folder = join(RELEASES, name);
  const { recipe, release } = await chosen(name, folder, registrar);
  const { purl, artifacts, unpublished = [] } = release;
  const key = registrar.key(parsePurl(purl).type);
  const files: PublishedFile[] = [];
  for (const artifact of artifacts) {
    const file = await download(artifact.coordinate, join(registrar.dataDir, 'published', name), progress);
    files.push({ name: artifact.name, file, member: artifact.member ?? null });
  }
  for (const artifact of unpublished) files.push({ name: artifact, file: null, member: null });
  const statement = join(registrar.dataDir, `${name}.release.json`);
  if (!existsSync(statement)) {
    await mustVerbatim([
      ...['release', 'create', '--registrar', '--key', key, '--purl', purl, '--recipe', recipe, '--out', statement],
      ...unpublished.flatMap((artifact) => ['--unpublished', artifact]),
      ...artifacts.flatMap(({ name: artifact, coordinate, member }, index) => [
        '--artifact',
        member === undefined
          ? `${artifact}=${files[index]!.file},coordinate=${coordinate}`
          : `${artifact}=,coordinate=${coordinate},member=${member},container=${files[index]!.file}`,
      ]),
    ]);
  }
  const size = encodeRecipe(JSON.parse(await readFile(recipe, 'utf8')) as Recipe).length;
  const blob = size > MAX_INLINE_RECIPE ? ['--recipe', recipe, '--key', key] : [];
  const said = await mustVerbatim(['release', 'submit', '--policy', registrar.policy, '--json', ...blob, statement]);
  const { index } = JSON.parse(said) as { index: number };
  progress(`registered ${purl} with ${files.length} artifacts, as entry ${index} of the log`);
  return { purl, index, artifacts: files };
}

/** The recipe's file and what is said beside it; both with one artifact when only that one is wanted. */
async function chosen(name: string, folder: string, { only, dataDir }: Registrar): Promise<{ recipe: string; release: ReleaseFile }> {
  const recipe = join(folder, 'recipe.json');
  const release = JSON.parse(await readFile(join(folder, 'release.json'), 'utf8')) as ReleaseFile;
  if (only === undefined) return { recipe, release };
  const all = JSON.parse(await readFile(recipe, 'utf8')) as Recipe;
  const outputs = all.outputs.filter(({ artifact }) => artifact === only);
  if (outputs.length === 0) throw new Error(`${name}: expected one of ${recipeOutputs(all).join(', ')}, found ${only}`);
  const narrowed = join(dataDir, `${name}.recipe.json`);
  await writeFile(narrowed, JSON.stringify({ ...all, outputs }));
  const artifacts = release.artifacts.filter(({ name: artifact }) => artifact === only);
  const unpublished = release.unpublished?.filter((artifact) => artifact === only) ?? [];
  return { recipe: narrowed, release: { ...release, artifacts, unpublished } };
}

async function download(coordinate: string, folder: string, progress: (line: string) => void): Promise<string> {
  const file = join(folder, fileName(coordinate));
  if (existsSync(file)) return file;
  progress(`downloading ${coordinate}`);
  await mkdir(folder, { recursive: true });
  const privateDir = join(folder, 'receiving');
  // Nothing is claimed yet: what comes is what will be claimed.
  const claimed = { sha256: '', sha512: '' };
  const outcome = await receiveArtifact({ coordinate, member: null, claimed, privateDir });
  if (outcome.kind !== 'received') throw new Error(`${coordinate}: ${outcome.reason}: ${outcome.detail}`);
  await rename(outcome.path, file);
  await rm(privateDir, { recursive: true });
  return file;
}

const EXTENSIONS: Readonly<Record<string, string>> = { deb: 'deb', npm: 'tgz' };

/** What the registry calls the file. */
function fileName(coordinate: string): string {
  const { type, namespace, name, version, qualifiers } = parsePurl(coordinate);
  const named = qualifiers.find(([key]) => key === 'file_name')?.[1];
  if (named !== undefined) return basename(named);
  const scope = namespace === null ? '' : `${namespace.replace(/^@/, '').replaceAll('/', '-')}-`;
  return `${scope}${name}-${version}.${EXTENSIONS[type] ?? 'zip'}`;
}
