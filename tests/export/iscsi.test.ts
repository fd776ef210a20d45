import {connect} from 'node:net';
import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {NEVER} from 'rxjs';
import {ExactReader} from '../../backends/storage/nbd/index.ts';
import type {ScsiUnit} from '../../frontends/api.ts';
import {IscsiServer} from '../../toolstack/export/index.ts';
import {
  LOGIN_REQUEST,
  makeHead,
  opcodeOf,
  type Pdu,
  R2T,
  SCSI_COMMAND,
  SCSI_RESPONSE,
} from '../../toolstack/export/iscsi/pdu.ts';
import {formatText} from '../../toolstack/export/iscsi/text.ts';
import {Wire} from '../../toolstack/export/iscsi/wire.ts';

const MIB = 2 ** 20;
const TASK_SET_FULL = 0x28;

/** A unit that never answers. */
const unit: ScsiUnit = {
  host: 0,
  channel: 0,
  id: 0,
  lun: 0,
  maxTransferBytes: MIB,
  removed: NEVER,
  execute: () => new Promise(() => undefined),
  reset: () => Promise.resolve(true),
  toString: () => '0:0:0:0',
};

/** An initiator that has logged in, without any program of others. */
const logIn = async (t: ExecutionContext): Promise<Wire> => {
  const server = await IscsiServer.listen({prefix: 'iqn.test:a.0', guests: [() => [unit]], listen: {port: 0}});
  t.teardown(() => server.close());
  const socket = connect(Number(server.portal.split(':')[1]), '127.0.0.1');
  await once(socket, 'connect');
  t.teardown(() => socket.destroy());
  const wire = new Wire(socket, new ExactReader(socket));
  const keys = [
    ['InitiatorName', 'iqn.test:me'],
    ['TargetName', 'iqn.test:a.0.0.0'],
    ['InitialR2T', 'Yes'],
  ] as const;
  // From the operational stage to the full feature phase.
  await wire.send(makeHead(LOGIN_REQUEST | 0x40, 0x87, 1), formatText(keys));
  t.is((await wire.receive()).head.readUInt16BE(36), 0);
  return wire;
};

const write = (tag: number, cmdSn: number, length: number): Buffer => {
  const head = makeHead(SCSI_COMMAND, 0xa1, tag);
  head.writeUInt32BE(length, 20);
  head.writeUInt32BE(cmdSn, 24);
  head[32] = 0x2a;
  return head;
};

const answered = (pdu: Pdu): number[] => [opcodeOf(pdu), pdu.head.readUInt32BE(16), pdu.head[3]];

test('an initiator cannot have more data held than there is room for', async (t) => {
  const wire = await logIn(t);
  await wire.send(write(1, 0, 40 * MIB));
  t.deepEqual(answered(await wire.receive()), [R2T, 1, 0]);
  await wire.send(write(2, 1, 40 * MIB));
  t.deepEqual(answered(await wire.receive()), [SCSI_RESPONSE, 2, TASK_SET_FULL]);
  await wire.send(write(3, 2, 20 * MIB));
  t.deepEqual(answered(await wire.receive()), [R2T, 3, 0]);
});
