import {Refusal, type RequestTrace} from '../../hypervisor/xenstore/index.ts';

const LONGEST = 200;

const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);

/** `socket 1 #2 WRITE "/a\u0000b" -> "OK\u0000"` on stderr. */
export const printRequest = ({connection, type, txId, payload, reply}: RequestTrace): void => {
  const inTransaction = txId === 0 ? '' : ` #${txId}`;
  const answer = reply instanceof Refusal ? reply.errno : JSON.stringify(reply);
  process.stderr.write(
    `${connection}${inTransaction} ${type} ${shorten(JSON.stringify(payload))} -> ${shorten(answer)}\n`,
  );
};
