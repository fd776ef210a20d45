import type {Schedule} from '../../../hypervisor/schedule/index.ts';
import type {DomId} from '../../../hypervisor/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';

/** What a toolstack under test works with. */
export interface ToolstackHost {
  readonly clock: Schedule;
  /** dom0's connection to the store. */
  readonly xs: XsClient;
  /** The guest that gets devices. */
  readonly domid: DomId;
}

/** A toolstack as far as devices go. */
export interface ToolstackUnderTest {
  /** A disk in memory as xvda; resolves when the backend waits for the guest. */
  attachDisk(): Promise<void>;
  /** Rejects when the guest or backend keeps it; `force`: removes it then, too. */
  detachDisk(force: boolean): Promise<void>;
  /** A SCSI disk in memory at that `v-dev`, on a new host or one that the guest has. */
  attachUnit(vDev: string): Promise<void>;
  detachUnit(vDev: string): Promise<void>;
  /** The guest's console: its ring lies in frame `gfn`, and `port` is the guest's. */
  makeConsole(gfn: number, port: number): Promise<void>;
  /** Backend directories of the guest's disks. */
  listDisks(): Promise<readonly string[]>;
}
