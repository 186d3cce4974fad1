/** Archives, laid open and compared, and what is packed in programs. Needs Node for inflating; the rest of this package does not. */
export { readAuditable } from './auditable.ts';
export { debMembers, type DebMember } from './deb-members.ts';
export { allCauses, explainFiles, type FileExplanation, type MemberExplanation } from './explain-files.ts';
export { ARCHIVE_LIMITS } from './layer.ts';
export { readDebControl } from './deb.ts';
