/** What tests and local deployments need to run a log as a process of their own. */
export { logConfig, type LogConfig } from './config.ts';
export { initLog, type InitResult } from './init.ts';
