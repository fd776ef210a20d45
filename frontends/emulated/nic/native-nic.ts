import {type Observable, Subject} from 'rxjs';
import type {NetDevice} from '../../api.ts';

const ETH_HLEN = 14;
const ETHERNET_MTU = 1500;

/** Counters of one interface. */
interface NicStats {
  txPackets: number;
  txBytes: number;
  /** Frames that were not sent: no room, no carrier, or a length that is not allowed. */
  txDropped: number;
  /** Frames of which the hardware says that they were not sent. */
  txErrors: number;
  rxPackets: number;
  rxBytes: number;
  /** Frames that came damaged, or were lost by the hardware. */
  rxErrors: number;
}

/** What drivers of emulated NICs have in common: the interface that guest programs see. */
export abstract class NativeNic implements NetDevice {
  readonly name: string;
  readonly mtu = ETHERNET_MTU;
  abstract readonly mac: Uint8Array;
  protected readonly counters: NicStats = {
    txPackets: 0,
    txBytes: 0,
    txDropped: 0,
    txErrors: 0,
    rxPackets: 0,
    rxBytes: 0,
    rxErrors: 0,
  };
  private hasLink = false;
  private isRemoved = false;
  private batch: Uint8Array[] = [];
  private readonly received = new Subject<readonly Uint8Array[]>();
  private readonly roomSubject = new Subject<void>();
  private readonly gone = new Subject<never>();

  constructor(name: string) {
    this.name = name;
  }

  get carrier(): boolean {
    return this.hasLink && !this.isRemoved;
  }

  get frames(): Observable<readonly Uint8Array[]> {
    return this.received.asObservable();
  }

  get room(): Observable<void> {
    return this.roomSubject.asObservable();
  }

  get removed(): Observable<never> {
    return this.gone.asObservable();
  }

  send(frame: Uint8Array): boolean {
    const isAllowed = frame.length >= ETH_HLEN && frame.length <= this.mtu + ETH_HLEN;
    if (isAllowed && this.carrier && this.transmit(frame)) {
      this.counters.txPackets++;
      this.counters.txBytes += frame.length;
      return true;
    }
    const isKept = isAllowed && this.carrier && this.roomSubject.observed;
    if (!isKept) this.counters.txDropped++;
    return false;
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.counters};
  }

  /** The device is gone, or its driver is unloaded: nothing is sent or received any more. */
  remove(): void {
    if (this.isRemoved) return;
    this.isRemoved = true;
    this.stop();
    this.roomSubject.complete();
    this.received.complete();
    this.gone.complete();
  }

  toString(): string {
    return `${this.name}${this.carrier ? '' : ': no carrier'}`;
  }

  /** Gives a frame to the hardware; false when that has no room. */
  protected abstract transmit(frame: Uint8Array): boolean;

  /** Quiets the hardware and frees what it was given. */
  protected abstract stop(): void;

  protected setCarrier(isUp: boolean): void {
    const comesUp = isUp && !this.hasLink;
    this.hasLink = isUp;
    if (comesUp) this.onRoom();
  }

  /** A frame came: a copy of it is kept until `endBatch`. */
  protected keep(frame: Uint8Array): void {
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.length;
    if (this.received.observed) this.batch.push(frame.slice());
  }

  protected endBatch(): void {
    if (this.batch.length === 0) return;
    const {batch} = this;
    this.batch = [];
    this.received.next(batch);
  }

  protected onRoom(): void {
    if (this.roomSubject.observed) this.roomSubject.next();
  }
}
