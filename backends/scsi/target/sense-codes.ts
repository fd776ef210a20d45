/** Why a command failed: sense key, additional sense code and qualifier. @see SPC-4, "Sense data" and annex D */
export interface SenseCode {
  readonly key: number;
  readonly asc: number;
  readonly ascq: number;
}

const NO_SENSE = 0x0;
const NOT_READY = 0x2;
const MEDIUM_ERROR = 0x3;
const ILLEGAL_REQUEST = 0x5;
const UNIT_ATTENTION = 0x6;
const DATA_PROTECT = 0x7;
const BLANK_CHECK = 0x8;
const VOLUME_OVERFLOW = 0xd;
const MISCOMPARE_KEY = 0xe;

const code = (key: number, asc: number, ascq: number): SenseCode => ({key, asc, ascq});

export const NO_ADDITIONAL_SENSE = code(NO_SENSE, 0x00, 0x00);
export const FILEMARK_DETECTED = code(NO_SENSE, 0x00, 0x01);
export const END_OF_MEDIUM_DETECTED = code(NO_SENSE, 0x00, 0x02);
export const BEGINNING_OF_MEDIUM_DETECTED = code(NO_SENSE, 0x00, 0x04);

export const INITIALIZING_COMMAND_REQUIRED = code(NOT_READY, 0x04, 0x02);
export const MEDIUM_NOT_PRESENT = code(NOT_READY, 0x3a, 0x00);
export const MEDIUM_NOT_PRESENT_TRAY_CLOSED = code(NOT_READY, 0x3a, 0x01);
export const MEDIUM_NOT_PRESENT_TRAY_OPEN = code(NOT_READY, 0x3a, 0x02);

export const WRITE_ERROR = code(MEDIUM_ERROR, 0x0c, 0x00);
export const UNRECOVERED_READ_ERROR = code(MEDIUM_ERROR, 0x11, 0x00);
export const MEDIUM_FORMAT_CORRUPTED = code(MEDIUM_ERROR, 0x31, 0x00);

export const PARAMETER_LIST_LENGTH_ERROR = code(ILLEGAL_REQUEST, 0x1a, 0x00);
export const INVALID_COMMAND_OPERATION_CODE = code(ILLEGAL_REQUEST, 0x20, 0x00);
export const LBA_OUT_OF_RANGE = code(ILLEGAL_REQUEST, 0x21, 0x00);
export const INVALID_ELEMENT_ADDRESS = code(ILLEGAL_REQUEST, 0x21, 0x01);
export const INVALID_FIELD_IN_CDB = code(ILLEGAL_REQUEST, 0x24, 0x00);
export const LOGICAL_UNIT_NOT_SUPPORTED = code(ILLEGAL_REQUEST, 0x25, 0x00);
export const INVALID_FIELD_IN_PARAMETER_LIST = code(ILLEGAL_REQUEST, 0x26, 0x00);
export const INVALID_RELEASE_OF_PERSISTENT_RESERVATION = code(ILLEGAL_REQUEST, 0x26, 0x04);
export const INVALID_FIELD_IN_COMMAND_INFORMATION_UNIT = code(ILLEGAL_REQUEST, 0x0e, 0x03);
export const MEDIUM_DESTINATION_ELEMENT_FULL = code(ILLEGAL_REQUEST, 0x3b, 0x0d);
export const MEDIUM_SOURCE_ELEMENT_EMPTY = code(ILLEGAL_REQUEST, 0x3b, 0x0e);
export const MEDIUM_REMOVAL_PREVENTED = code(ILLEGAL_REQUEST, 0x53, 0x02);
export const INSUFFICIENT_REGISTRATION_RESOURCES = code(ILLEGAL_REQUEST, 0x55, 0x04);

export const MEDIUM_MAY_HAVE_CHANGED = code(UNIT_ATTENTION, 0x28, 0x00);
export const IMPORT_OR_EXPORT_ELEMENT_ACCESSED = code(UNIT_ATTENTION, 0x28, 0x01);
export const POWER_ON_OCCURRED = code(UNIT_ATTENTION, 0x29, 0x00);
export const BUS_DEVICE_RESET_OCCURRED = code(UNIT_ATTENTION, 0x29, 0x03);
export const MODE_PARAMETERS_CHANGED = code(UNIT_ATTENTION, 0x2a, 0x01);
export const RESERVATIONS_PREEMPTED = code(UNIT_ATTENTION, 0x2a, 0x03);
export const RESERVATIONS_RELEASED = code(UNIT_ATTENTION, 0x2a, 0x04);
export const REGISTRATIONS_PREEMPTED = code(UNIT_ATTENTION, 0x2a, 0x05);
export const COMMANDS_CLEARED_BY_ANOTHER_INITIATOR = code(UNIT_ATTENTION, 0x2f, 0x00);
export const REPORTED_LUNS_DATA_HAS_CHANGED = code(UNIT_ATTENTION, 0x3f, 0x0e);

export const WRITE_PROTECTED = code(DATA_PROTECT, 0x27, 0x00);
export const SOFTWARE_WRITE_PROTECTED = code(DATA_PROTECT, 0x27, 0x02);
export const SPACE_ALLOCATION_FAILED = code(DATA_PROTECT, 0x27, 0x07);

export const END_OF_DATA_DETECTED = code(BLANK_CHECK, 0x00, 0x05);
export const END_OF_MEDIUM_OVERFLOW = code(VOLUME_OVERFLOW, 0x00, 0x02);
export const MISCOMPARE_DURING_VERIFY = code(MISCOMPARE_KEY, 0x1d, 0x00);
