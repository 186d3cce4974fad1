/** Reads and verifies a log, and submits to one. For work without the network import `@verbatim/client/offline`, which loads less. */
export { ClientError, type ClientErrorCode, LogMisbehaviour } from './errors.ts';
export { openSource, type Source } from './source.ts';
export { diskTileCache, noTileCache, type TileCache } from './tile-cache.ts';
export { LogReader, type LogReaderOptions, type LogView } from './log-reader.ts';
export { openLog, type OpenLogOptions } from './open-log.ts';
export { type ProvedEntry, VerifiedTree } from './verified-tree.ts';
export { CheckpointMemory, type MemoryOptions } from './checkpoint-memory.ts';
export { gatherEvidence, type Gathered, type GatherOptions } from './gather.ts';
export type { Ask } from './relevance.ts';
export { type Finding, fsck, type FsckOptions, type FsckReport, MAX_FINDINGS } from './fsck.ts';
export { follow, type FollowedEntry, type FollowOptions } from './follow.ts';
export { type BlobResult, LogClient, type LogClientOptions, type SubmitResult } from './log-client.ts';
export type { Problem } from './problem.ts';
export { type FileDigests, hashFile, type HashOptions, hashStream } from './hash-file.ts';
export { type Container, type ContainerFormat, readMembers, type ReadMembersOptions } from './containers/read-members.ts';
export type { Member, MemberType } from './containers/contents.ts';
