/** `node src/main.ts init|serve --config FILE`. */
import { serviceMain } from '@verbatim/service-kit';
import { witnessConfig } from './config.ts';
import { initWitness } from './init.ts';
import { startWitness } from './service.ts';

await serviceMain({
  name: 'witness',
  serves: 'cosign until SIGINT or SIGTERM',
  config: witnessConfig,
  init: initWitness,
  serve: startWitness,
});
