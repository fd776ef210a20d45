import type {HostedScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import {type Observable, Subject} from 'rxjs';
import {VSCSIIF_MAX_COMMAND_SIZE} from '../../hypervisor/abi/io/vscsiif.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import {DeviceIoError, type ScsiExchange, type ScsiReply, type ScsiUnit} from '../api.ts';
import {Command} from './command.ts';
import type {CommandQueue} from './command-queue.ts';
import {DMA_FROM_DEVICE, DMA_NONE, DMA_TO_DEVICE} from './ring.ts';

/** As long as Linux gives a disk. */
const DEFAULT_TIMEOUT_NS = 30 * NS_PER_S;

const nothing = new Uint8Array(0);

/** A logical unit that the guest has found at one of its hosts. */
export class GuestUnit implements ScsiUnit {
  readonly host: number;
  readonly channel: number;
  readonly id: number;
  readonly lun: number;
  readonly maxTransferBytes: number;
  private readonly queue: CommandQueue;
  private readonly removedSubject = new Subject<never>();
  private gone = false;

  constructor(address: HostedScsiAddress, queue: CommandQueue, maxSegments: number) {
    this.host = address.host;
    this.channel = address.channel;
    this.id = address.id;
    this.lun = address.lun;
    this.queue = queue;
    this.maxTransferBytes = maxSegments * PAGE_SIZE;
  }

  get removed(): Observable<never> {
    return this.removedSubject.asObservable();
  }

  async execute(cdb: Uint8Array, exchange: ScsiExchange = {}): Promise<ScsiReply> {
    const {dataOut, dataInBytes = 0, timeoutNs = DEFAULT_TIMEOUT_NS, signal} = exchange;
    const what = `SCSI unit ${String(this)}`;
    if (this.gone) throw new DeviceIoError('ENODEV', what);
    const isWrite = dataOut !== undefined;
    const data = dataOut ?? (dataInBytes === 0 ? nothing : new Uint8Array(dataInBytes));
    const isRight = cdb.length <= VSCSIIF_MAX_COMMAND_SIZE && data.length <= this.maxTransferBytes;
    if (!isRight || (isWrite && dataInBytes > 0)) throw new DeviceIoError('EINVAL', what);
    let direction = isWrite ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
    if (data.length === 0) direction = DMA_NONE;
    const command = new Command(this, cdb.slice(), direction, data, timeoutNs);
    const abort = (): void => this.queue.abort(command);
    signal?.addEventListener('abort', abort, {once: true});
    return this.queue.run(command).finally(() => signal?.removeEventListener('abort', abort));
  }

  reset(): Promise<boolean> {
    return this.queue.reset(this);
  }

  /** It was taken away: what waits fails with ENODEV. What is under way is answered. */
  close(): void {
    if (this.gone) return;
    this.gone = true;
    this.queue.dropWaiting(({address}) => address === this);
    this.removedSubject.complete();
  }

  toString(): string {
    return `${this.host}:${this.channel}:${this.id}:${this.lun}`;
  }
}
