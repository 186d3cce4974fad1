/** The part of the client that opens no socket and loads no HTTP library: what `verify --offline` needs. */
export { ClientError, type ClientErrorCode, LogMisbehaviour } from './errors.ts';
export { wasAudited } from './audit/audited.ts';
export { CheckpointMemory, type MemoryOptions } from './checkpoint-memory.ts';
export { type FileDigests, hashFile, type HashOptions, hashStream } from './hash-file.ts';
export { type Container, type ContainerFormat, readMembers } from './containers/read-members.ts';
export type { Member, MemberType } from './containers/contents.ts';
