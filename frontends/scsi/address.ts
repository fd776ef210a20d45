/** Where a unit is, on its host. Each part is 0..65535. */
export interface UnitAddress {
  readonly channel: number;
  readonly id: number;
  readonly lun: number;
}

const MAX_PART = 0xffff;

/** "h:c:t:l" as `v-dev` has it; undefined for anything else. */
export const parseUnitAddress = (text: string): (UnitAddress & {readonly host: number}) | undefined => {
  const parts = /^(\d{1,5}):(\d{1,5}):(\d{1,5}):(\d{1,5})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > MAX_PART)) return undefined;
  const [host, channel, id, lun] = parts;
  return {host, channel, id, lun};
};
