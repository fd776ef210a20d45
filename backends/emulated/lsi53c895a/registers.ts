import type {Register} from '../registers/index.ts';

const SCRATCH_LETTERS = ['C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R'] as const;
const SCRATCHC = 0x60;

const named = [
  {name: 'SCNTL0', offset: 0x00, size: 1, reset: 0xc0, access: 'rw'},
  {name: 'SCNTL1', offset: 0x01, size: 1, access: 'rw', mask: 0xee},
  {name: 'SCNTL2', offset: 0x02, size: 1, access: 'rw', mask: 0xf6},
  {name: 'SCNTL3', offset: 0x03, size: 1, access: 'rw'},
  {name: 'SCID', offset: 0x04, size: 1, reset: 0x07, access: 'rw', mask: 0x6f},
  {name: 'SXFER', offset: 0x05, size: 1, access: 'rw'},
  {name: 'SDID', offset: 0x06, size: 1, access: 'rw', mask: 0x0f},
  // Nothing is at its pins: no NVRAM answers there.
  {name: 'GPREG', offset: 0x07, size: 1, reset: 0x7f, access: 'ro'},
  {name: 'SFBR', offset: 0x08, size: 1, access: 'ro'},
  {name: 'SOCL', offset: 0x09, size: 1, access: 'rw'},
  {name: 'SSID', offset: 0x0a, size: 1, access: 'ro'},
  {name: 'SBCL', offset: 0x0b, size: 1, access: 'ro'},
  {name: 'DSTAT', offset: 0x0c, size: 1, access: 'ro'},
  {name: 'SSTAT0', offset: 0x0d, size: 1, access: 'ro'},
  {name: 'SSTAT1', offset: 0x0e, size: 1, access: 'ro'},
  {name: 'SSTAT2', offset: 0x0f, size: 1, access: 'ro'},
  {name: 'DSA', offset: 0x10, size: 4, access: 'rw'},
  {name: 'ISTAT0', offset: 0x14, size: 1, access: 'rw', mask: 0xf0},
  {name: 'ISTAT1', offset: 0x15, size: 1, access: 'ro'},
  {name: 'MBOX0', offset: 0x16, size: 1, access: 'rw'},
  {name: 'MBOX1', offset: 0x17, size: 1, access: 'rw'},
  {name: 'CTEST0', offset: 0x18, size: 1, access: 'rw'},
  {name: 'CTEST1', offset: 0x19, size: 1, reset: 0xf0, access: 'ro'},
  {name: 'CTEST2', offset: 0x1a, size: 1, access: 'rw', mask: 0x08},
  {name: 'CTEST3', offset: 0x1b, size: 1, access: 'rw', mask: 0x03},
  {name: 'TEMP', offset: 0x1c, size: 4, access: 'rw'},
  {name: 'DFIFO', offset: 0x20, size: 1, access: 'rw'},
  {name: 'CTEST4', offset: 0x21, size: 1, access: 'rw'},
  {name: 'CTEST5', offset: 0x22, size: 1, access: 'rw'},
  {name: 'CTEST6', offset: 0x23, size: 1, access: 'rw'},
  // Its highest byte is DCMD.
  {name: 'DBC', offset: 0x24, size: 4, reset: 0x40000000, access: 'rw'},
  {name: 'DNAD', offset: 0x28, size: 4, access: 'rw'},
  {name: 'DSP', offset: 0x2c, size: 4, access: 'rw'},
  {name: 'DSPS', offset: 0x30, size: 4, access: 'rw'},
  {name: 'SCRATCHA', offset: 0x34, size: 4, access: 'rw'},
  {name: 'DMODE', offset: 0x38, size: 1, access: 'rw'},
  {name: 'DIEN', offset: 0x39, size: 1, access: 'rw', mask: 0x7f},
  {name: 'SBR', offset: 0x3a, size: 1, access: 'rw'},
  {name: 'DCNTL', offset: 0x3b, size: 1, access: 'rw', mask: 0xbb},
  {name: 'ADDER', offset: 0x3c, size: 4, access: 'ro'},
  {name: 'SIEN0', offset: 0x40, size: 1, access: 'rw'},
  {name: 'SIEN1', offset: 0x41, size: 1, access: 'rw', mask: 0x17},
  {name: 'SIST0', offset: 0x42, size: 1, access: 'ro'},
  {name: 'SIST1', offset: 0x43, size: 1, access: 'ro'},
  {name: 'SLPAR', offset: 0x44, size: 1, access: 'rw'},
  {name: 'SWIDE', offset: 0x45, size: 1, access: 'rw'},
  {name: 'MACNTL', offset: 0x46, size: 1, access: 'rw', mask: 0x0f},
  {name: 'GPCNTL', offset: 0x47, size: 1, reset: 0x0f, access: 'rw'},
  {name: 'STIME0', offset: 0x48, size: 1, access: 'rw'},
  {name: 'STIME1', offset: 0x49, size: 1, access: 'rw', mask: 0x7f},
  {name: 'RESPID', offset: 0x4a, size: 2, reset: 0x0080, access: 'rw'},
  {name: 'STEST0', offset: 0x4c, size: 1, access: 'ro'},
  {name: 'STEST1', offset: 0x4d, size: 1, access: 'rw'},
  {name: 'STEST2', offset: 0x4e, size: 1, access: 'rw'},
  {name: 'STEST3', offset: 0x4f, size: 1, access: 'rw'},
  {name: 'SIDL', offset: 0x50, size: 2, access: 'ro'},
  // A bus of low voltage differential signals, the clock's frequency locked.
  {name: 'STEST4', offset: 0x52, size: 1, reset: 0xe0, access: 'ro'},
  {name: 'SODL', offset: 0x54, size: 2, access: 'rw'},
  {name: 'CCNTL0', offset: 0x56, size: 1, access: 'rw'},
  {name: 'CCNTL1', offset: 0x57, size: 1, access: 'rw'},
  {name: 'SBDL', offset: 0x58, size: 2, access: 'ro'},
  {name: 'SCRATCHB', offset: 0x5c, size: 4, access: 'rw'},
  {name: 'MMRS', offset: 0xa0, size: 4, access: 'rw'},
  {name: 'MMWS', offset: 0xa4, size: 4, access: 'rw'},
  {name: 'SFS', offset: 0xa8, size: 4, access: 'rw'},
  {name: 'DRS', offset: 0xac, size: 4, access: 'rw'},
  {name: 'SBMS', offset: 0xb0, size: 4, access: 'rw'},
  {name: 'DBMS', offset: 0xb4, size: 4, access: 'rw'},
  {name: 'DNAD64', offset: 0xb8, size: 4, access: 'rw'},
  {name: 'PMJAD1', offset: 0xc0, size: 4, access: 'rw'},
  {name: 'PMJAD2', offset: 0xc4, size: 4, access: 'rw'},
  {name: 'RBC', offset: 0xc8, size: 4, access: 'rw'},
  {name: 'UA', offset: 0xcc, size: 4, access: 'rw'},
  {name: 'ESA', offset: 0xd0, size: 4, access: 'rw'},
  {name: 'IA', offset: 0xd4, size: 4, access: 'rw'},
  {name: 'SBC', offset: 0xd8, size: 4, access: 'ro'},
  {name: 'CSBC', offset: 0xdc, size: 4, access: 'rw'},
] as const satisfies readonly Register[];

type ScratchRegister = `SCRATCH${(typeof SCRATCH_LETTERS)[number]}`;
export type LsiRegister = (typeof named)[number]['name'] | ScratchRegister;

/** The operating registers. @see LSI53C895A PCI to Ultra2 SCSI controller, technical manual, chapter 4 */
export const lsiRegisters: readonly Register<LsiRegister>[] = [
  ...named,
  ...SCRATCH_LETTERS.map((letter, i): Register<ScratchRegister> => ({
    name: `SCRATCH${letter}`,
    offset: SCRATCHC + i * 4,
    size: 4,
    access: 'rw',
  })),
];

export const SFBR_OFFSET = 0x08;
/** Writing this byte of DSP starts the SCRIPTS processor. */
export const DSP_LAST_BYTE = 0x2f;

export const SCNTL1_RST = 1 << 3;
export const SCNTL1_CON = 1 << 4;
export const SCNTL2_SDU = 1 << 7;

export const SOCL_ATN = 1 << 3;
export const SBCL_BSY = 1 << 5;
export const SBCL_ACK = 1 << 6;
export const SBCL_REQ = 1 << 7;
export const SSID_VAL = 1 << 7;

export const DSTAT_IID = 1 << 0;
export const DSTAT_SIR = 1 << 2;
export const DSTAT_SSI = 1 << 3;
export const DSTAT_ABRT = 1 << 4;
export const DSTAT_BF = 1 << 5;
export const DSTAT_DFE = 1 << 7;

export const SSTAT0_RST = 1 << 1;
export const SSTAT2_LDSC = 1 << 1;

export const ISTAT0_DIP = 1 << 0;
export const ISTAT0_SIP = 1 << 1;
export const ISTAT0_INTF = 1 << 2;
export const ISTAT0_CON = 1 << 3;
export const ISTAT0_SIGP = 1 << 5;
export const ISTAT0_SRST = 1 << 6;
export const ISTAT0_ABRT = 1 << 7;
export const ISTAT1_SRUN = 1 << 1;

export const CTEST2_CM = 1 << 4;
export const CTEST2_SIGP = 1 << 6;

export const DMODE_MAN = 1 << 0;
export const DCNTL_COM = 1 << 0;
export const DCNTL_IRQD = 1 << 1;
export const DCNTL_STD = 1 << 2;
export const DCNTL_SSM = 1 << 4;

export const SIST0_RST = 1 << 1;
export const SIST0_UDC = 1 << 2;
export const SIST0_MA = 1 << 7;
export const SIST1_GEN = 1 << 1;
export const SIST1_STO = 1 << 2;
/** Of SIST0 and SIST1, those that stop the processor only when they are enabled: CMP, SEL and RSL, GEN and HTH. */
export const SIST0_NOT_FATAL = 0x70;
export const SIST1_NOT_FATAL = 0x03;

export const CCNTL0_ENPMJ = 1 << 7;
export const CCNTL0_PMJCTL = 1 << 6;
