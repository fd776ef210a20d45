import type {ByteMemory} from '../storage/index.ts';
import {IoVector} from '../storage/index.ts';
import type {DataDirection, Nexus, ScsiCommand} from './target/index.ts';

const noCdb = new Uint8Array(0);

/** A command that was taken and is not answered yet: as its target sees it, and what its answer needs. Used again and again. */
export class Slot implements ScsiCommand {
  readonly nexus: Nexus;
  readonly data: IoVector;
  lun = 0;
  cdb: Uint8Array = noCdb;
  direction: DataDirection = 'none';
  rqid = 0;
  channel = 0;
  id = 0;
  /** XEN_VSCSIIF_RSLT_HOST_* to answer with if task management ends it. */
  hostWhenAborted = 0;
  /** Of its segments, `count` of each. */
  refs = new Uint32Array(0);
  handles = new Int32Array(0);
  offsets = new Float64Array(0);
  count = 0;

  constructor(nexus: Nexus, memory: ByteMemory, maxSegments: number) {
    this.nexus = nexus;
    this.data = new IoVector(memory, maxSegments);
  }

  /** Room for that many segments. */
  reserve(count: number): void {
    if (count <= this.refs.length) return;
    const size = 2 ** Math.ceil(Math.log2(count));
    this.refs = new Uint32Array(size);
    this.handles = new Int32Array(size);
    this.offsets = new Float64Array(size);
  }
}
