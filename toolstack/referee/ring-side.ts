import type {XenbusRole} from '../../hypervisor/xenbus/index.ts';
import type {Suspicion} from './suspicions.ts';

/** What a ring's rules may ask and tell. */
export interface RingCourt {
  /** `by` broke a clause. */
  report(by: XenbusRole, clause: string, done: string, legal: string): void;
  suspect(suspicion: Suspicion): void;
  /** Both ends are connected, may run, and have nothing to do. */
  isQuiet(): boolean;
}

/**
 * What a consumer has to do when it is told. `answers`: takes each message and answers it. `takes`: takes messages when it
 * likes, but not go to sleep over one that it has asked to be told of. `keeps`: takes messages as it needs them.
 */
export type Consumption = 'answers' | 'takes' | 'keeps';

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
  /** Events that told of nothing new. */
  spurious = 0;
  private readonly options: RingSideOptions;
  private readonly court: RingCourt;
  private prod: number;
  private event: number;
  /** Published since the producer's last event. */
  private fresh = 0;
  private owed: Suspicion | undefined;
  private asleep: Suspicion | undefined;

  constructor(options: RingSideOptions, court: RingCourt, prod: number, event: number) {
    this.options = options;
    this.court = court;
    this.prod = prod;
    this.event = event;
  }

  /** Follows both words. `answered`: the consumer has answered the messages below this index, none of them just now. */
  follow(prod: number, event: number, answered?: number): void {
    const added = (prod - this.prod) >>> 0;
    const asked = this.event;
    const hasMoved = event !== asked;
    if (hasMoved) this.consumerMoved();
    if (added > 0) this.published(prod, added, asked, event, !hasMoved && answered === this.prod);
    else if (hasMoved && ahead(prod, event) >= 0) this.overlooked(prod, event, answered);
    this.prod = prod;
    this.event = event;
  }

  /** The consumer has done something that shows it awake. */
  consumerMoved(): void {
    this.asleep = close(this.asleep);
  }

  /** The producer has sent an event. */
  notified(): void {
    if (this.fresh === 0) this.spurious++;
    this.fresh = 0;
    this.owed = close(this.owed);
    this.asleep = close(this.asleep);
  }

  close(): void {
    this.owed = close(this.owed);
    this.asleep = close(this.asleep);
  }

  private published(prod: number, added: number, asked: number, event: number, isIdle: boolean): void {
    const crosses = (threshold: number): boolean => (prod - threshold) >>> 0 < added;
    this.fresh += added;
    // Where both ends have moved since the last look it is not known who was first, unless both orders come to the same.
    if (crosses(asked) && crosses(event)) this.owes(prod, asked);
    else if (isIdle && !crosses(asked) && this.options.consumption === 'answers')
      this.sleeps(prod, prod - added, asked);
  }

  private owes(prod: number, asked: number): void {
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

  private sleeps(prod: number, from: number, asked: number): void {
    const {consumer, index} = this.options;
    const isFar = ahead(asked, prod) > 0;
    this.asleep ??= this.suspect(() =>
      this.court.report(
        consumer,
        isFar ? 'RING-NTF-04' : 'RING-NTF-03',
        `all up to ${from} was answered, ${index}_event is ${asked}, and what came up to ${prod} is not taken`,
        `${index}_event ${(from + 1) >>> 0} before it sleeps`,
      ),
    );
  }

  /** It asked for an event at an index that was published already. That is the moment of the final check. */
  private overlooked(prod: number, event: number, answered: number | undefined): void {
    const {consumer, consumption, index} = this.options;
    // One that still works on messages may be at its limit: it looks again when it has answered some.
    const hasNothing = consumption === 'answers' ? answered === (event - 1) >>> 0 : consumption === 'takes';
    if (!hasNothing) return;
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
