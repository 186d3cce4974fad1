import type { Logger } from '@verbatim/service-kit';
import type { Engine } from '../engine/engine.ts';
import type { LogMetrics } from '../metrics.ts';
import type { Cosigner } from '../pages/cosigners.ts';
import type { AddressLimit } from './rate-limit.ts';
import type { BlobFolder } from '../service/blob-folder.ts';
import type { SubmitService } from '../service/submit.ts';
import type { PageStore } from '../store/pages.ts';

/** What the routes share. */
export interface Services {
  readonly engine: Engine;
  readonly submit: SubmitService;
  readonly blobs: BlobFolder;
  readonly pages: PageStore;
  /** Whether storage is too full to take anything new. */
  readonly storageLow: () => boolean;
  readonly submissionLimit: AddressLimit;
  readonly indexLimit: AddressLimit;
  /** Entries that one answer of the index may have. */
  readonly indexEntries: number;
  readonly metrics: LogMetrics;
  readonly logger: Logger;
  readonly title: string;
  /** Who is asked to cosign, and whether they have cosigned what is published. */
  readonly cosigners: () => readonly Cosigner[];
  readonly now: () => number;
}
