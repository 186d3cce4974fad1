/** What other parts of the repository may use to run services as processes. */
export { initialise, REPOSITORY, startService, type Service } from './processes.ts';
