import type {TaskQueue} from '../../hypervisor/schedule/index.ts';

/** A look at the clock costs as much as a tenth of a small read. */
const OPERATIONS_PER_LOOK = 4;

/**
 * Times operations on the host's thread: those of one turn follow each other closely, so a few of them are timed
 * together.
 */
export class TurnTimer {
  private readonly clock: Pick<TaskQueue, 'now'>;
  /** Gets how long the last few operations took. */
  private readonly onLook: (elapsedNs: number) => void;
  private lastNs = 0;
  private operations = 0;
  private running = false;

  constructor(clock: Pick<TaskQueue, 'now'>, onLook: (elapsedNs: number) => void) {
    this.clock = clock;
    this.onLook = onLook;
  }

  /** An operation begins. */
  begin(): void {
    if (this.running) return;
    this.running = true;
    queueMicrotask(this.endOfTurn);
    this.lastNs = this.clock.now();
  }

  /** It has ended. */
  end(): void {
    if (++this.operations === OPERATIONS_PER_LOOK) this.look();
  }

  private look(): void {
    const nowNs = this.clock.now();
    this.operations = 0;
    this.onLook(nowNs - this.lastNs);
    this.lastNs = nowNs;
  }

  private readonly endOfTurn = (): void => {
    this.running = false;
    if (this.operations > 0) this.look();
  };
}
