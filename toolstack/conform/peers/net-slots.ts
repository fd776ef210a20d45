/** @see netif.h, struct netif_tx_request and netif_rx_request: bytes of a slot. */
export const TX_SLOT_BYTES = 12;
export const RX_SLOT_BYTES = 8;

/** NETTXF_* */
export const TXF = {blank: 1, validated: 2, more: 4, extra: 8} as const;
/** NETRXF_*: the first two are the other way round. */
export const RXF = {validated: 1, blank: 2, more: 4, extra: 8, gsoPrefix: 16} as const;

/** NETIF_RSP_* */
export const NET_RSP = {okay: 0, error: -1, dropped: -2, null: 1} as const;

/** XEN_NETIF_EXTRA_TYPE_*, 5 of Linux alone, and XEN_NETIF_GSO_TYPE_*; `more` is XEN_NETIF_EXTRA_FLAG_MORE. */
export const EXTRA = {gso: 1, groupAdd: 2, groupDel: 3, hash: 4, xdp: 5, more: 1, tcp4: 1, tcp6: 2} as const;

export interface TxRequest {
  gref: number;
  size: number;
  offset?: number;
  flags?: number;
  id?: number;
}

export interface TxResponse {
  id: number;
  status: number;
}

export interface RxResponse {
  id: number;
  offset: number;
  flags: number;
  status: number;
}

/** struct netif_extra_info, its union as that of a GSO one, or as six bytes. */
export interface ExtraInfo {
  type: number;
  flags?: number;
  size?: number;
  gsoType?: number;
  features?: number;
  bytes?: readonly number[];
}

/** Fields of a slot one after another: value and bytes. */
const pack = (...fields: readonly (readonly [value: number, bytes: 1 | 2 | 4])[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [value, bytes] of fields) {
    if (bytes === 1) view.setUint8(at, value);
    else if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
};

export const packTxRequest = ({gref, offset = 0, flags = 0, id = 0, size}: TxRequest): Uint8Array =>
  pack([gref, 4], [offset, 2], [flags, 2], [id, 2], [size, 2]);

export const packTxResponse = ({id, status}: TxResponse): Uint8Array => pack([id, 2], [status, 2]);

export const packRxRequest = (id: number, gref: number): Uint8Array => pack([id, 2], [0, 2], [gref, 4]);

export const packRxResponse = ({id, offset, flags, status}: RxResponse): Uint8Array =>
  pack([id, 2], [offset, 2], [flags, 2], [status, 2]);

export const packExtra = ({type, flags = 0, size = 0, gsoType = 0, features = 0, bytes}: ExtraInfo): Uint8Array =>
  bytes === undefined
    ? pack([type, 1], [flags, 1], [size, 2], [gsoType, 1], [0, 1], [features, 2])
    : Uint8Array.of(type, flags, ...bytes);

export const txRequestAt = (slot: DataView): Required<TxRequest> => ({
  gref: slot.getUint32(0, true),
  offset: slot.getUint16(4, true),
  flags: slot.getUint16(6, true),
  id: slot.getUint16(8, true),
  size: slot.getUint16(10, true),
});

export const txResponseAt = (slot: DataView): TxResponse => ({
  id: slot.getUint16(0, true),
  status: slot.getInt16(2, true),
});

export const rxRequestAt = (slot: DataView): {id: number; gref: number} => ({
  id: slot.getUint16(0, true),
  gref: slot.getUint32(4, true),
});

export const rxResponseAt = (slot: DataView): RxResponse => ({
  id: slot.getUint16(0, true),
  offset: slot.getUint16(2, true),
  flags: slot.getUint16(4, true),
  status: slot.getInt16(6, true),
});

export const extraAt = (slot: DataView): Required<ExtraInfo> => ({
  type: slot.getUint8(0),
  flags: slot.getUint8(1),
  size: slot.getUint16(2, true),
  gsoType: slot.getUint8(4),
  features: slot.getUint16(6, true),
  bytes: [2, 3, 4, 5, 6, 7].map((at) => slot.getUint8(at)),
});
