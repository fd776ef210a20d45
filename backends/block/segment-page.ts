import type {ByteMemory} from '../storage/index.ts';
import type {PageMaps} from './page-maps.ts';
import type {BlockRequest} from './request.ts';

/** The way to the segments of an indirect request, which lie in a page that the guest granted. */
export class SegmentPage {
  private readonly maps: PageMaps;
  private readonly memory: ByteMemory & {readonly u32: Uint32Array};
  private readonly maxSegments: number;
  private readonly refs = new Uint32Array(1);
  private readonly handles = new Int32Array(1);
  private readonly offsets = new Float64Array(1);

  constructor(maps: PageMaps, memory: SegmentPage['memory'], maxSegments: number) {
    this.maps = maps;
    this.memory = memory;
    this.maxSegments = maxSegments;
  }

  /** Copies the segments into the request; false when there are none, too many, or the page is not granted. */
  copyInto(request: BlockRequest): boolean {
    const {maps, refs, handles, offsets} = this;
    if (request.nrSegments === 0 || request.nrSegments > this.maxSegments) return false;
    refs[0] = request.segmentsGref;
    if (maps.map(refs, true, handles, offsets, 0, 1) < 0) return false;
    request.copySegments(this.memory.u32, offsets[0] / 4);
    maps.unmap(handles, 0, 1);
    return true;
  }
}
