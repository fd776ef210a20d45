/** Where a unit is on a SCSI host: each part is as wide as its field in a request, 16 bits. */
export interface ScsiAddress {
  readonly channel: number;
  readonly id: number;
  readonly lun: number;
}

/** As `v-dev` and `p-dev` have it. */
export interface HostedScsiAddress extends ScsiAddress {
  readonly host: number;
}

const MAX_PART = 0xffff;

/** "h:c:t:l"; undefined for anything else. @see vscsiif.h, "v-dev" */
export const parseScsiAddress = (text: string): HostedScsiAddress | undefined => {
  const parts = /^(\d{1,5}):(\d{1,5}):(\d{1,5}):(\d{1,5})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > MAX_PART)) return undefined;
  const [host, channel, id, lun] = parts;
  return {host, channel, id, lun};
};

export const formatScsiAddress = ({host, channel, id, lun}: HostedScsiAddress): string =>
  `${host}:${channel}:${id}:${lun}`;
