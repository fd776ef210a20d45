import {NEVER, type Observable, Subject} from 'rxjs';
import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {NetDevice} from '../../api.ts';

const MTU = 65536;
/** Frames in flight to ourselves. */
const MAX_QUEUED = 256;

/** `lo`: what is sent comes back, in a later task as from a real device. */
export class LoopbackDevice implements NetDevice {
  readonly name = 'lo';
  readonly mac = new Uint8Array(6);
  readonly mtu = MTU;
  readonly carrier = true;
  readonly removed: Observable<never> = NEVER;
  private readonly schedule: TaskQueue;
  private readonly received = new Subject<readonly Uint8Array[]>();
  private queue: Uint8Array[] = [];

  constructor(schedule: TaskQueue) {
    this.schedule = schedule;
  }

  get frames(): Observable<readonly Uint8Array[]> {
    return this.received.asObservable();
  }

  send(frame: Uint8Array): boolean {
    if (this.queue.length >= MAX_QUEUED) return false;
    this.queue.push(frame.slice());
    if (this.queue.length === 1) this.schedule.post(this.deliver);
    return true;
  }

  stats(): Readonly<Record<string, number>> {
    return {};
  }

  private readonly deliver = (): void => {
    const batch = this.queue;
    this.queue = [];
    this.received.next(batch);
  };
}
