/** Kernel modules of the guest, in the order in which they are loaded: each after those that it needs. */
export const GUEST_MODULES = [
  'drivers/block/xen-blkfront',
  'drivers/net/xen-netfront',
  'lib/crc16',
  'crypto/crc32c_generic',
  'fs/mbcache',
  'fs/jbd2/jbd2',
  'fs/ext4/ext4',
  'crypto/crct10dif_common',
  'lib/crc-t10dif',
  'lib/crc64',
  'lib/crc64-rocksoft',
  'block/t10-pi',
  'drivers/scsi/scsi_common',
  'drivers/scsi/scsi_mod',
  'drivers/scsi/sd_mod',
  'drivers/scsi/sg',
  'drivers/scsi/st',
  'drivers/scsi/ch',
  'drivers/cdrom/cdrom',
  'drivers/scsi/sr_mod',
  'drivers/scsi/xen-scsifront',
] as const;

/** Drivers of emulated devices, for machines with a PCI bus: loaded after those above. */
export const PC_MODULES = [
  'drivers/ata/libata',
  'drivers/ata/ata_piix',
  'drivers/net/mii',
  'drivers/net/ethernet/realtek/8139cp',
  'drivers/net/ethernet/intel/e1000/e1000',
  'drivers/scsi/scsi_transport_spi',
  'drivers/scsi/sym53c8xx_2/sym53c8xx',
  'fs/isofs/isofs',
] as const;

const SIGNATURE_MAGIC = '~Module signature appended~\n';
/** Before the magic: algorithm bytes and the signature's length, big-endian. @see Linux, struct module_signature */
const SIGNATURE_INFO_BYTES = 12;

/** The module without its signature, which an emulated CPU checks for a second. Linux then notes that it is unsigned. */
export const withoutSignature = (module: Buffer): Buffer => {
  const infoEnd = module.length - SIGNATURE_MAGIC.length;
  if (infoEnd < SIGNATURE_INFO_BYTES || module.toString('latin1', infoEnd) !== SIGNATURE_MAGIC) return module;
  const signatureBytes = module.readUInt32BE(infoEnd - 4);
  return module.subarray(0, infoEnd - SIGNATURE_INFO_BYTES - signatureBytes);
};
