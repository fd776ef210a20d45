export type DiskFormat = 'raw' | 'qcow' | 'qcow2' | 'vhd' | 'qed' | 'empty';
export type DiskBackendType = 'phy' | 'tap' | 'qdisk' | 'standalone';

/** One disk as its specification says; what the specification leaves open stays undefined. */
export type DiskConfig = {
  /** Path or identifier, passed on as it stands (`/srv/x.img`, `ram:64M`); undefined or '' for an empty drive. */
  target?: string;
  /** Device name or number in the guest. @see vdevToNumber */
  vdev: string;
  format: DiskFormat;
  readwrite: boolean;
  cdrom: boolean;
  removable: boolean;
  directIoSafe: boolean;
  /** Name or number of the domain that runs the backend; undefined means dom0. */
  backend?: string;
  backendType?: DiskBackendType;
  script?: string;
  discard?: boolean;
  trusted?: boolean;
  specification?: 'xen' | 'virtio';
  grantUsage?: boolean;
  colo?: DiskColo;
  /** Settings of the two drivers for this disk, as "queues=4,persistent=0"; xl has none. */
  tuning?: {backend?: string; frontend?: string};
};

/** Replication settings, carried but not used. */
export type DiskColo = {
  enable?: boolean;
  host?: string;
  port?: number;
  export?: string;
  activeDisk?: string;
  hiddenDisk?: string;
};
