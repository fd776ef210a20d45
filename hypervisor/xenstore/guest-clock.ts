import type {TaskQueue} from '../schedule/index.ts';
import {NS_PER_S} from '../schedule/index.ts';
import type {Connection} from './connection.ts';
import type {Domain} from './domains.ts';
import type {Store} from './store.ts';
import {WriteRate} from './write-rate.ts';

/** What the store wants of a clock. */
export type StoreClock = Pick<TaskQueue, 'now' | 'after'>;

/** A log that a guest can make us write to gets no more lines than one in this time. */
const REPORT_INTERVAL_NS = 10 * NS_PER_S;

export interface GuestClockOptions {
  readonly clock: StoreClock;
  readonly store: Store;
  /** An event that a guest does not take is dropped after this. */
  readonly eventTimeoutNs: number;
  /** Looks at a connection's queue and its requests again. */
  readonly wake: (connection: Connection) => void;
}

/** What time does for and to unprivileged domains: they write no faster than they may, and their events do not wait for ever. */
export class GuestClock {
  readonly rate: WriteRate;
  private readonly options: GuestClockOptions;
  private readonly inDebt = new Set<Connection>();
  private readonly withEvents = new Set<Connection>();

  constructor(options: GuestClockOptions) {
    this.options = options;
    this.rate = new WriteRate(options.clock, options.store.domains);
  }

  /** When an event that is queued now will be dropped. */
  eventDeadlineNs(): number {
    return this.options.clock.now() + this.options.eventTimeoutNs;
  }

  /** Whether the domain is out of debt; if not, the connection is woken when it is. */
  mayRead(connection: Connection, domain: Domain): boolean {
    const debtNs = this.rate.debtNs(domain);
    if (debtNs > 0) this.wakeAfter(connection, debtNs, this.inDebt);
    return debtNs === 0;
  }

  /** Something is left in the connection's queue. */
  watchQueue(connection: Connection): void {
    const deadlineNs = connection.queue.firstDeadlineNs(hasBegun(connection));
    if (deadlineNs === Infinity || this.withEvents.has(connection)) return;
    this.wakeAfter(connection, deadlineNs - this.options.clock.now(), this.withEvents);
  }

  /** Tells the log when a domain lets more pile up than it should, and when it does no more. */
  reportUse({queue}: Connection, domain: Domain): void {
    const {clock, store} = this.options;
    const isOver = queue.sizeBytes >= store.quotaOf(domain).softQueuedBytes;
    if (isOver === domain.reportedOver || clock.now() < domain.nextReportNs) return;
    domain.reportedOver = isOver;
    domain.nextReportNs = clock.now() + REPORT_INTERVAL_NS;
    store.log.write(`domain ${domain.domId} ${isOver ? 'exceeds' : 'is below'} its soft memory quota`);
  }

  private wakeAfter(connection: Connection, delayNs: number, waiting: Set<Connection>): void {
    if (waiting.has(connection)) return;
    waiting.add(connection);
    this.options.clock.after(Math.max(0, delayNs), () => {
      waiting.delete(connection);
      connection.queue.dropLate(this.options.clock.now(), hasBegun(connection));
      this.options.wake(connection);
    });
  }
}

/** The first message of its queue is no longer whole. */
const hasBegun = ({outlet}: Connection): boolean => outlet?.hasBegun === true;
