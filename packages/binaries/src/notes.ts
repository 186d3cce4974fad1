import type { GoBuildInfo } from './build-info.ts';
import type { GoVersion } from './settings.ts';
import { isPseudoVersion } from './vcs.ts';

/** Everything in the build info that makes a rebuild from the module proxy harder than "same module, same Go, same flags". */
export function moduleNotes(info: GoBuildInfo, go: GoVersion): string[] {
  const { settings, main } = info;
  const notes: string[] = [];
  const say = (when: boolean, note: string) => when && notes.push(note);
  const vendorSettings = [...settings.keys()].some((key) => key.startsWith('microsoft_'));

  say(go.toolchain === null, `built by ${JSON.stringify(info.goVersion)}, which is no released Go toolchain`);
  say(vendorSettings, "built by Microsoft's Go, which is no toolchain module: the upstream one gives other bits");
  say(info.path === '' && main === null, 'the build info is blank (Bazel does that): module, package and settings are unknown');
  say(info.path === 'command-line-arguments', 'files were named on the command line, not a package: which ones is not recorded');
  say(
    main !== null && main.sum !== '',
    'the main module has a hash: built by `go install module@version`, which is not what `go build` in its folder gives',
  );
  say(
    main !== null && main.version === '(devel)' && settings.has('vcs.revision'),
    'the revision is adopted from the artifact; only the proxy or the repository can confirm it',
  );
  say(
    main !== null && isPseudoVersion(main.version.replace(/\+dirty$/, '')),
    'the version is a pseudo-version: VCS stamping asks for the newest ancestor tag as well',
  );
  say(
    settings.get('vcs.modified') === 'true' || main?.version.endsWith('+dirty') === true,
    'built from a modified tree: what was changed is unknowable, though it need not be what was compiled',
  );
  say(settings.get('CGO_ENABLED') === '1', 'cgo was on: if C code was linked, the C compiler, linker and libc are inputs too');
  say(
    settings.get('-trimpath') !== 'true' && info.path !== '',
    'built without -trimpath: the paths of the source, module cache and Go are inside and must be recreated',
  );
  const replaced = [main, ...info.deps].filter((module) => module?.replace !== undefined);
  say(
    replaced.some((module) => module!.replace!.sum === ''),
    'a dependency is replaced by a local folder, which no module proxy has',
  );
  say(
    info.deps.some((dep) => dep.sum === '' && dep.replace === undefined),
    'dependencies without hashes: built with -mod=vendor, and module zips hold no vendor folder',
  );
  return notes;
}
