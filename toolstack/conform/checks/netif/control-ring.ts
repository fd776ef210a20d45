import {CTRL, CTRL_STATUS, type ControlResponse, HASH, type NetControlPeer} from '../../peers/net-control.ts';
import type {NetFrontendPeer} from '../../peers/net-frontend.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';

const PACE_NS = 1e7;

/** The control ring of the last connection. */
export const controlOf = (stand: VifBackendStand): NetControlPeer =>
  stand.peer.control ?? stand.inconclusive('the connection has no control ring');

/** Connected with a control ring, with so many queues. */
export const connectControl = async (stand: VifBackendStand, queues = 1): Promise<NetFrontendPeer[]> => {
  const setup = {control: true};
  const peers = queues === 1 ? [await stand.connect(setup)] : await stand.connectQueues(queues, setup);
  if ((await stand.back('feature-ctrl-ring')) !== '1') stand.inconclusive('the backend has no control ring');
  return peers;
};

/** Makes one request; its response. */
export const ask = async (
  stand: VifBackendStand,
  control: NetControlPeer,
  type: number,
  ...data: readonly number[]
): Promise<ControlResponse> => {
  control.put({id: control.prod & 0xffff, type, data});
  control.push();
  await stand.settle(PACE_NS);
  const [response] = control.take();
  stand.must(response !== undefined, `no answer to a request of type ${type}`, 'one answer to each request');
  return response;
};

/** A request that has to end with this status, or with one of these. */
export const mustAnswer = async (
  stand: VifBackendStand,
  control: NetControlPeer,
  due: number | readonly number[],
  type: number,
  ...data: readonly number[]
): Promise<ControlResponse> => {
  const response = await ask(stand, control, type, ...data);
  stand.must(
    [due].flat().includes(response.status),
    `status ${response.status} to type ${type} with ${data.join()}`,
    `status ${[due].flat().join(' or ')}`,
  );
  return response;
};

/** A page that begins with these words, granted. */
export const pageOfWords = ({peer}: VifBackendStand, ...words: readonly number[]): number =>
  peer.pageOf(new Uint8Array(Uint32Array.from(words).buffer)).gref;

/** Has frames hashed by Toeplitz with this key. */
export const startHashing = async (
  stand: VifBackendStand,
  control: NetControlPeer,
  key: Uint8Array,
  types: number = HASH.ipv4 | HASH.ipv4Tcp | HASH.ipv6 | HASH.ipv6Tcp,
): Promise<void> => {
  const {success} = CTRL_STATUS;
  await mustAnswer(stand, control, success, CTRL.setAlgorithm, HASH.toeplitz);
  await mustAnswer(stand, control, success, CTRL.setKey, stand.peer.pageOf(key).gref, key.length);
  await mustAnswer(stand, control, success, CTRL.setFlags, types);
};
