import type { Logger } from '@verbatim/service-kit';
import type { Engine } from '../engine/engine.ts';
import type { LogMetrics } from '../metrics.ts';
import type { TakePermit } from './rate-limit.ts';
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
  readonly permit: TakePermit;
  /** Entries that one answer of the index may have. */
  readonly indexEntries: number;
  readonly metrics: LogMetrics;
  readonly logger: Logger;
  readonly title: string;
  readonly now: () => number;
}
