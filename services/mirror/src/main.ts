/** `node src/main.ts init|serve --config FILE`. */
import { serviceMain } from '@verbatim/service-kit';
import { mirrorConfig } from './config.ts';
import { initMirror } from './init.ts';
import { startMirror } from './service.ts';

await serviceMain({
  name: 'mirror',
  serves: 'copy and cosign until SIGINT or SIGTERM',
  config: mirrorConfig,
  init: initMirror,
  serve: startMirror,
});
