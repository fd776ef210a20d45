/** @see RFC 9293, 3.3.2 */
export type TcpState =
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'CLOSED';

/** The peer may still send. */
export const readingStates: ReadonlySet<TcpState> = new Set(['ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2']);
/** What our FIN leads to. */
export const afterOurFin: Partial<Record<TcpState, TcpState>> = {ESTABLISHED: 'FIN-WAIT-1', 'CLOSE-WAIT': 'LAST-ACK'};
/** What the acknowledgment of our FIN leads to. */
export const afterFinAcked: Partial<Record<TcpState, TcpState>> = {
  'FIN-WAIT-1': 'FIN-WAIT-2',
  CLOSING: 'TIME-WAIT',
  'LAST-ACK': 'CLOSED',
};
/** What the peer's FIN leads to. */
export const afterTheirFin: Partial<Record<TcpState, TcpState>> = {
  ESTABLISHED: 'CLOSE-WAIT',
  'FIN-WAIT-1': 'CLOSING',
  'FIN-WAIT-2': 'TIME-WAIT',
};
