import type { Target } from '../target.ts';
import { BINARIES } from './binaries.ts';
import { BUILDER } from './builder.ts';
import { CLIENT } from './client.ts';
import { CONSENSUS } from './consensus.ts';
import { INDEX_MAP } from './index-map.ts';
import { COSIGNERS } from './cosigners.ts';
import { LOG_SERVICE } from './log-service.ts';
import { REBUILDER } from './rebuilder.ts';
import { STATEMENTS } from './statements.ts';
import { TLOG } from './tlog.ts';

/** Every parser that faces the network. */
export const TARGETS: readonly Target[] = [
  ...TLOG,
  ...STATEMENTS,
  ...CONSENSUS,
  ...INDEX_MAP,
  ...CLIENT,
  ...BINARIES,
  ...BUILDER,
  ...LOG_SERVICE,
  ...COSIGNERS,
  ...REBUILDER,
];
