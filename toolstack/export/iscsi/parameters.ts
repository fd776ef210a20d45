import type {TextKeys} from './text.ts';

/** What a session has agreed on. Lengths are bytes. */
export interface SessionParameters {
  /** What the initiator takes in one data segment. */
  maxRecvDataSegmentLength: number;
  maxBurstLength: number;
  firstBurstLength: number;
  initialR2T: boolean;
  immediateData: boolean;
}

export const defaultParameters: SessionParameters = {
  maxRecvDataSegmentLength: 8192,
  maxBurstLength: 262_144,
  firstBurstLength: 65_536,
  initialR2T: true,
  immediateData: true,
};

/** What this target takes in one data segment. */
export const MAX_DATA_SEGMENT = 262_144;

/** The answer to one key, and what it changes. */
type Negotiator = (value: string, parameters: SessionParameters) => string;

const MAX_LENGTH = 2 ** 24 - 1;

const bounded = (value: string, most: number): number | undefined =>
  /^(0[xX][0-9a-fA-F]{1,8}|\d{1,10})$/.test(value) && Number(value) >= 512 && Number(value) <= MAX_LENGTH
    ? Math.min(Number(value), most)
    : undefined;

const length =
  (name: 'maxBurstLength' | 'firstBurstLength', most: number): Negotiator =>
  (value, parameters) => {
    const agreed = bounded(value, most);
    if (agreed === undefined) return 'Reject';
    parameters[name] = agreed;
    return String(agreed);
  };

const yesNo =
  (name: 'initialR2T' | 'immediateData', combine: (offered: boolean) => boolean): Negotiator =>
  (value, parameters) => {
    if (value !== 'Yes' && value !== 'No') return 'Reject';
    parameters[name] = combine(value === 'Yes');
    return parameters[name] ? 'Yes' : 'No';
  };

const always =
  (answer: string): Negotiator =>
  () =>
    answer;

const noDigest: Negotiator = (value) => (value.split(',').includes('None') ? 'None' : 'Reject');

/** Keys of the operational stage, with the rule of each. @see RFC 7143, section 13 */
const negotiators: ReadonlyMap<string, Negotiator> = new Map([
  ['HeaderDigest', noDigest],
  ['DataDigest', noDigest],
  ['MaxConnections', always('1')],
  ['InitialR2T', yesNo('initialR2T', (offered) => offered)],
  ['ImmediateData', yesNo('immediateData', (offered) => offered)],
  ['MaxBurstLength', length('maxBurstLength', 2 ** 20)],
  ['FirstBurstLength', length('firstBurstLength', 2 ** 18)],
  ['DefaultTime2Wait', always('2')],
  ['DefaultTime2Retain', always('0')],
  ['MaxOutstandingR2T', always('1')],
  ['DataPDUInOrder', always('Yes')],
  ['DataSequenceInOrder', always('Yes')],
  ['ErrorRecoveryLevel', always('0')],
  ['IFMarker', always('No')],
  ['OFMarker', always('No')],
  ['IFMarkInt', always('Irrelevant')],
  ['OFMarkInt', always('Irrelevant')],
  ['TaskReporting', always('RFC3720')],
  ['iSCSIProtocolLevel', always('1')],
]);

/** Told and not answered. */
const declarations: ReadonlySet<string> = new Set([
  'InitiatorName',
  'InitiatorAlias',
  'TargetName',
  'SessionType',
  'AuthMethod',
]);

/** Agrees on the keys of one request; returns the answers. */
export const negotiate = (keys: TextKeys, parameters: SessionParameters): [string, string][] => {
  const answers: [string, string][] = [];
  for (const [key, value] of keys) {
    if (declarations.has(key)) continue;
    if (key === 'MaxRecvDataSegmentLength') {
      const taken = bounded(value, MAX_LENGTH);
      if (taken === undefined) answers.push([key, 'Reject']);
      else parameters.maxRecvDataSegmentLength = taken;
      continue;
    }
    answers.push([key, negotiators.get(key)?.(value, parameters) ?? 'NotUnderstood']);
  }
  return answers;
};
