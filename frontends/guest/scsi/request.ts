import {DeviceIoError, type ScsiExchange, type ScsiReply, type ScsiUnit} from '../../api.ts';
import {
  DATA_PROTECT,
  describeSense,
  ILLEGAL_REQUEST,
  NOT_READY,
  parseSense,
  type Sense,
  UNIT_ATTENTION,
} from './sense.ts';

const GOOD = 0x00;
const CHECK_CONDITION = 0x02;
const BUSY = 0x08;
const RESERVATION_CONFLICT = 0x18;

/** A unit that tells of something first is asked again, so often. */
const MAX_ATTEMPTS = 5;

/** By sense key: the errno that a program gets. */
const errnos: ReadonlyMap<number, string> = new Map([
  [NOT_READY, 'ENOMEDIUM'],
  [ILLEGAL_REQUEST, 'EIO'],
  [DATA_PROTECT, 'EROFS'],
]);

/** A command that ended with CHECK CONDITION. */
export class ScsiError extends DeviceIoError {
  readonly sense: Sense;
  /** What came from the device before it ended. */
  readonly data: Uint8Array;

  constructor(sense: Sense, data: Uint8Array, what: string) {
    super(errnos.get(sense.key) ?? 'EIO', `${what}: ${describeSense(sense)}`);
    this.sense = sense;
    this.data = data;
  }
}

/**
 * Sends a command until it ends otherwise than by a unit attention or a busy unit, as kernels do. Rejects with a
 * ScsiError for CHECK CONDITION, with another DeviceIoError for all else that is not GOOD.
 */
export const request = async (unit: ScsiUnit, cdb: Uint8Array, exchange?: ScsiExchange): Promise<ScsiReply> => {
  const what = `SCSI ${String(unit)}`;
  for (let attempt = 1; ; attempt++) {
    const reply = await unit.execute(cdb, exchange);
    const {status, host, sense: bytes} = reply;
    if (host !== 0) throw new DeviceIoError('EIO', `${what}: host status ${host}`);
    if (status === GOOD) return reply;
    const sense = status === CHECK_CONDITION ? parseSense(bytes) : undefined;
    const isPassing = sense?.key === UNIT_ATTENTION || status === BUSY;
    if (isPassing && attempt < MAX_ATTEMPTS) continue;
    if (sense !== undefined) throw new ScsiError(sense, reply.data, what);
    throw new DeviceIoError(status === RESERVATION_CONFLICT ? 'EBUSY' : 'EIO', `${what}: status ${status}`);
  }
};
