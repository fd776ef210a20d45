import type {XenbusRole} from '../../hypervisor/xenbus/index.ts';
import type {Suspicion} from './suspicions.ts';

/** What a ring's rules may ask and tell. */
export interface RingCourt {
  /** `by` broke a clause. */
  report(by: XenbusRole, clause: string, done: string, legal: string): void;
  suspect(suspicion: Suspicion): void;
  /** Requests have passed unseen, or will. */
  loses(): void;
  /** The ring's page is granted still: a driver that was killed has published it, but its kernel uses the page for others. */
  isThere(): boolean;
  /** Both ends are connected, may run, and have nothing to do. */
  isQuiet(): boolean;
}

/**
 * What a consumer does when it is told. `answers`: takes each message and answers it. `takes`: takes what is there.
 * `delays`: takes it when it likes. `keeps`: takes messages as it needs them.
 */
export type Consumption = 'answers' | 'takes' | 'delays' | 'keeps';

export interface RingSideOptions {
  readonly producer: XenbusRole;
  readonly consumer: XenbusRole;
  readonly consumption: Consumption;
  /** "req" or "rsp" */
  readonly index: string;
}

/** a - b of free-running indexes, as a signed number. */
export const ahead = (a: number, b: number): number => (a - b) | 0;

/**
 * One direction of a ring: who publishes, who asks for events, and whether the two lose each other.
 * @see ring.h, RING_PUSH_REQUESTS_AND_CHECK_NOTIFY and RING_FINAL_CHECK_FOR_REQUESTS
 */
export class RingSide {
  private readonly options: RingSideOptions;
  private readonly court: RingCourt;
  private prod: number;
  private event: number;
  /** An event is due: until it comes nobody can blame the consumer for sleeping. */
  private isDue = false;
  private owed: Suspicion | undefined;
  private asleep: Suspicion | undefined;

  constructor(options: RingSideOptions, court: RingCourt, prod: number, event: number) {
    this.options = options;
    this.court = court;
    this.prod = prod;
    this.event = event;
  }

  /** Follows both words. `answers`: the other producer's index, unless that has just moved. */
  follow(prod: number, event: number, answers: number | undefined): void {
    const added = (prod - this.prod) >>> 0;
    const asked = this.event;
    const hasMoved = event !== asked;
    if (hasMoved) {
      this.isDue = false;
      this.consumerMoved();
    }
    if (added > 0) this.published(prod, added, event, answers);
    else if (hasMoved && ahead(prod, event) >= 0) this.overlooked(prod, event, answers);
    this.prod = prod;
    this.event = event;
  }

  /** The consumer has done something that shows it awake. */
  consumerMoved(): void {
    this.asleep = close(this.asleep);
  }

  /** The producer has sent an event. Returns whether it was asked for. */
  notified(): boolean {
    const wasDue = this.isDue;
    this.isDue = false;
    this.owed = close(this.owed);
    this.asleep = close(this.asleep);
    return wasDue;
  }

  close(): void {
    this.owed = close(this.owed);
    this.asleep = close(this.asleep);
  }

  private published(prod: number, added: number, event: number, answers: number | undefined): void {
    const asked = this.event;
    const crosses = (threshold: number): boolean => (prod - threshold) >>> 0 < added;
    // Where both ends have moved since the last look it is not known who was first, unless both orders come to the same.
    if (crosses(asked) && crosses(event)) this.owes(prod, asked);
    else if (event === asked && !crosses(asked) && !this.isDue && this.canSleep(prod, asked, answers))
      this.sleeps(prod, asked);
  }

  /** Without an event nothing makes the consumer look, other than its own good will. */
  private canSleep(prod: number, asked: number, answers: number | undefined): boolean {
    const {consumption} = this.options;
    if (consumption === 'answers') return answers === this.prod;
    const isPast = ahead(asked, prod) > 0;
    // Where all requests are answered no response can follow that would come to the index.
    return isPast ? consumption !== 'keeps' && answers === prod : consumption === 'takes';
  }

  private owes(prod: number, asked: number): void {
    this.isDue = true;
    const {producer, index} = this.options;
    this.owed ??= this.suspect(() =>
      this.court.report(
        producer,
        'RING-NTF-01',
        `${index}_prod went to ${prod}, past ${index}_event ${asked}, without an event`,
        'an event, as the other end asked for one',
      ),
    );
  }

  private sleeps(prod: number, asked: number): void {
    const {consumer, index} = this.options;
    const from = this.prod;
    const isFar = ahead(asked, prod) > 0;
    this.asleep ??= this.suspect(() =>
      this.court.report(
        consumer,
        isFar ? 'RING-NTF-04' : 'RING-NTF-03',
        `left ${index}_event at ${asked}, and takes nothing of what came from ${from} to ${prod}`,
        `${index}_event ${(from + 1) >>> 0} before it sleeps`,
      ),
    );
  }

  /** It asked for an event at an index that was published already. That is the moment of the final check. */
  private overlooked(prod: number, event: number, answers: number | undefined): void {
    const {consumer, consumption, index} = this.options;
    if (consumption === 'keeps') return;
    // One that still works on messages may be at its limit: it looks again when it has answered some.
    if (consumption === 'answers' && answers !== (event - 1) >>> 0) return;
    this.asleep ??= this.suspect(() =>
      this.court.report(
        consumer,
        'RING-NTF-03',
        `set ${index}_event to ${event} when ${index}_prod was ${prod} already, and went to sleep`,
        'a look at the index once more, after the event is asked for',
      ),
    );
  }

  private suspect(report: () => void): Suspicion {
    const suspicion = {isOpen: true, isQuiet: () => this.court.isQuiet(), report};
    this.court.suspect(suspicion);
    return suspicion;
  }
}

const close = (suspicion: Suspicion | undefined): undefined => {
  if (suspicion !== undefined) suspicion.isOpen = false;
  return undefined;
};
