import {type Observable, Subject} from 'rxjs';
import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {DeviceIoError, type ScsiExchange, type ScsiReply, type ScsiUnit} from '../../api.ts';
import type {LsiAdapter} from './adapter.ts';
import type {UnitAddress} from './command.ts';
import {MAX_TRANSFER_BYTES} from './slot.ts';

const MAX_CDB_BYTES = 16;
const DEFAULT_TIMEOUT_NS = 30 * NS_PER_S;
const CHECK_CONDITION = 0x02;
const SENSE_BYTES = 96;
const requestSense = Uint8Array.of(0x03, 0, 0, 0, SENSE_BYTES, 0);
const noSense = new Uint8Array(0);

/** A logical unit on the adapter's bus. */
export class LsiUnit implements ScsiUnit {
  readonly host: number;
  readonly channel = 0;
  readonly id: number;
  readonly lun: number;
  readonly maxTransferBytes = MAX_TRANSFER_BYTES;
  private readonly adapter: LsiAdapter;
  private readonly removedSubject = new Subject<never>();
  private isGone = false;

  constructor(adapter: LsiAdapter, host: number, {id, lun}: UnitAddress) {
    this.adapter = adapter;
    this.host = host;
    this.id = id;
    this.lun = lun;
  }

  get removed(): Observable<never> {
    return this.removedSubject.asObservable();
  }

  /** Of a unit that says CHECK CONDITION the sense data are fetched by a command of their own. */
  async execute(cdb: Uint8Array, exchange: ScsiExchange = {}): Promise<ScsiReply> {
    const {dataOut, dataInBytes = 0, timeoutNs = DEFAULT_TIMEOUT_NS, signal} = exchange;
    const bytes = Math.max(dataInBytes, dataOut?.length ?? 0);
    const isRight = cdb.length > 0 && cdb.length <= MAX_CDB_BYTES && bytes <= MAX_TRANSFER_BYTES;
    if (this.isGone) throw new DeviceIoError('ENODEV', `SCSI unit ${this.toString()}`);
    if (!isRight || (dataOut !== undefined && dataInBytes > 0)) {
      throw new DeviceIoError('EINVAL', `SCSI unit ${this.toString()}`);
    }
    const {job, end} = this.adapter.execute({address: this, cdb: cdb.slice(), dataOut, dataInBytes, timeoutNs});
    const abort = (): void => this.adapter.abort(job);
    signal?.addEventListener('abort', abort, {once: true});
    const ended = await end.finally(() => signal?.removeEventListener('abort', abort));
    const sense = ended.status === CHECK_CONDITION ? await this.fetchSense() : noSense;
    return {...ended, sense};
  }

  reset(): Promise<boolean> {
    return this.adapter.reset(this.id);
  }

  /** The adapter goes away. */
  close(): void {
    this.isGone = true;
    this.removedSubject.complete();
  }

  toString(): string {
    return `${this.host}:${this.channel}:${this.id}:${this.lun}`;
  }

  private async fetchSense(): Promise<Uint8Array> {
    const request = {address: this, cdb: requestSense, dataInBytes: SENSE_BYTES, timeoutNs: DEFAULT_TIMEOUT_NS};
    return (await this.adapter.execute({...request, isUrgent: true}).end).data;
  }
}
