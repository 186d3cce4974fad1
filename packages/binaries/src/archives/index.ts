/** Archives, laid open and compared. Needs Node for inflating; the rest of this package does not. */
export { allCauses, explainFiles, type FileExplanation, type MemberExplanation } from './explain-files.ts';
export { ARCHIVE_LIMITS } from './layer.ts';
