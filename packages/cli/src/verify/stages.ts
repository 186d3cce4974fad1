import { encodeBundle, evaluate } from '@verbatim/consensus';
import type { AuditedTree, ContainerMember, Evidence, MemberProof, Policy, Question, Verdict } from '@verbatim/consensus';
import type { Askable, AskedRebuilder } from '@verbatim/client';
import { hashFile, readWhole } from '../files.ts';
import { loadPolicy } from '../policy-file.ts';
import type { PolicyFile } from '../policy-file.ts';

/** What to gather evidence about, and from where. */
export interface GatherRequest {
  readonly policy: Policy;
  /** Of the file in hand: a file or a container. */
  readonly sha256: string;
  readonly release: string | undefined;
  /** Of the member that is asked about. */
  readonly member?: string | undefined;
  /** A bundle file to take it from instead of the log. */
  readonly bundle: string | undefined;
  /** Audit the log's index up to the evidence's checkpoint, unless that was done. */
  readonly audit: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  progress(text: string): void;
}

export interface Gathered {
  readonly evidence: Evidence;
  /** Checkpoints whose index this machine rebuilt from all entries. */
  readonly audited: readonly AuditedTree[];
  /** From a bundle: later dissent is unknown. */
  readonly offline: boolean;
  /** The bundle's path. */
  readonly bundle: string | null;
}

/** A member of a container, with its bytes when they were asked for. */
export interface ReadMember extends ContainerMember {
  readonly bytes: Uint8Array | null;
}

/** An entry of a container that is not at hand. */
export interface MemberRequest {
  readonly policy: Policy;
  /** SHA-256 of the container, lower-case hex. */
  readonly container: string;
  readonly path: string;
  /** SHA-256 of lists of its members that matching operators made, best first. */
  readonly lists: readonly string[];
  /** A file to take the list from instead. */
  readonly file: string | undefined;
  /** Ask nobody. */
  readonly offline: boolean;
}

/**
 * Everything that `verify` does besides deciding in which order. One value each, so that a test can let each of them fail, and so that
 * what touches the network or archives is loaded only when it is needed.
 */
export interface Stages {
  loadPolicy(option: string | undefined, env: Readonly<Record<string, string | undefined>>): PolicyFile;
  hashFile(path: string): string;
  readWhole(path: string): Uint8Array;
  readMembers(name: string, bytes: Uint8Array, collect: (path: string) => boolean): Promise<ReadMember[]>;
  gather(request: GatherRequest): Promise<Gathered>;
  proveMember(request: MemberRequest): Promise<MemberProof | null>;
  evaluate(question: Question): Verdict;
  /** What they signed about these release entries and no log took. */
  askRebuilders(rebuilders: readonly Askable[], releases: readonly bigint[]): Promise<AskedRebuilder[]>;
  saveBundle(path: string, evidence: Evidence): Promise<void>;
}

export const STAGES: Stages = {
  loadPolicy,
  hashFile,
  readWhole,
  readMembers: async (name, bytes, collect) => (await import('./members.ts')).readMembersOf(name, bytes, collect),
  gather: async (request) => {
    const { bundle } = request;
    if (bundle === undefined) return (await import('./gather.ts')).gatherFromLog(request);
    return (await import('./bundle-file.ts')).gatherFromBundle(bundle, request);
  },
  proveMember: async (request) => (await import('./extracted.ts')).proveMember(request),
  evaluate,
  askRebuilders: async (rebuilders, releases) => (await import('@verbatim/client')).askRebuilders(rebuilders, releases),
  saveBundle: async (path, evidence) => {
    const { durable } = await import('@verbatim/service-kit/durable');
    await durable.writeFile(path, encodeBundle(evidence));
  },
};
