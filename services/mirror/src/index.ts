/** The mirror, for programs that embed it. See each file. */
export { mirrorConfig, type MirrorConfig } from './config.ts';
export { initMirror } from './init.ts';
export { startMirror } from './service.ts';
