export {XsClient, XsError, type TxId} from './client.ts';
export type {XsReceiver, XsTransport} from './transport.ts';
export {encodeMessage, MessageAssembler, XS, type XsErrno, type XsMessage, type XsType} from './wire.ts';
