/** `node src/main.ts init|serve --config FILE`. */
import { loadConfig, serviceMain } from '@verbatim/service-kit';
import { witnessConfig } from './config.ts';
import { initWitness } from './init.ts';
import { startWitness } from './service.ts';

await serviceMain({
  name: 'witness',
  serves: 'cosign until SIGINT or SIGTERM',
  init: (config) => initWitness(loadConfig(witnessConfig, config)),
  serve: (config, context) => startWitness(loadConfig(witnessConfig, config), context),
});
