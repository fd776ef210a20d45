/** Where a guest sees a unit, without the host: that is the device. @see vscsiif.h, "v-dev" */
export interface ScsiAddress {
  readonly channel: number;
  readonly id: number;
  readonly lun: number;
}

/** channel, id and lun are 16 bits wide in a request. */
const MAX_PART = 0xffff;

/** "h:c:t:l" as `v-dev` has it; undefined for anything else. */
export const parseAddress = (text: string): (ScsiAddress & {readonly host: number}) | undefined => {
  const parts = /^(\d{1,5}):(\d{1,5}):(\d{1,5}):(\d{1,5})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > MAX_PART)) return undefined;
  const [host, channel, id, lun] = parts;
  return {host, channel, id, lun};
};

/** As a key: exact, as 48 bits are below 2^53. */
export const addressKey = (channel: number, id: number, lun: number): number => (channel * 65536 + id) * 65536 + lun;
