import {XS, type XsMessage} from '../../../hypervisor/xenstore/index.ts';
import type {StepLog} from '../step-log.ts';
import type {Step} from '../verdict.ts';
import type {Layer} from './layer.ts';

const HEADER_BYTES = 64;
const headerWords = ['req_prod', 'req_event', 'rsp_prod', 'rsp_event'];
const requestNames = new Map<number, string>(Object.entries(XS).map(([name, type]) => [type, name]));

const calls = [
  'gnttabMap',
  'gnttabUnmap',
  'gnttabCopy',
  'gnttabTransfer',
  'evtchnAllocUnbound',
  'evtchnBindInterdomain',
  'evtchnSend',
  'evtchnClose',
] as const;

const grantorCalls = ['grantAccess', 'endAccess', 'grantTransfer', 'endTransfer'] as const;

const recordedCalls = (names: readonly string[], note: (what: string) => void): Record<string, unknown> =>
  Object.fromEntries(
    names.map((name) => [
      name,
      (real: (...args: unknown[]) => unknown, ...args: unknown[]) => {
        const result = real(...args);
        note(`${name}(${args.join(', ')}) = ${String(result)}`);
        return result;
      },
    ]),
  );

const textOf = ({payload}: XsMessage): string => {
  const [path, value] = payload.split('\0');
  return value === undefined || value === '' ? path : `${path} "${value}"`;
};

/** The innermost layer: notes what a side does. */
export const recorder = (log: StepLog, who: Step['who']): Layer => {
  const note = (what: string): void => log.add(who, what);
  return {
    ops: {
      ...recordedCalls(calls, note),
      gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
        const result = real(granter, refs, flags, handles, offsets, at, count);
        note(`gnttabMap(${granter}, [${refs.subarray(at, at + count).join(', ')}], ${flags}) = ${result}`);
        return result;
      },
      gnttabUnmapMany: (real, handles, at, count) => {
        note(`gnttabUnmap([${handles.subarray(at, at + count).join(', ')}])`);
        real(handles, at, count);
      },
    },
    grantor: recordedCalls(grantorCalls, note),
    write: ({ring, offset}, value, store) => {
      note(
        offset < HEADER_BYTES
          ? `${ring}: ${headerWords[offset / 4] ?? `word at ${offset}`} = 0x${value.toString(16)}`
          : `${ring}: byte ${offset} = 0x${value.toString(16)}`,
      );
      store(value);
    },
    send: (request, pass) => {
      if (request.type !== XS.TRANSACTION_START && request.type !== XS.TRANSACTION_END)
        note(`${requestNames.get(request.type)} ${textOf(request)}`);
      pass(request);
    },
    receive: (message, pass) => {
      if (message.type === XS.ERROR) note(`store answers ${message.payload.replaceAll('\0', '')}`);
      if (message.type === XS.WATCH_EVENT) note(`watch fires for ${message.payload.split('\0')[0]}`);
      pass(message);
    },
  };
};
