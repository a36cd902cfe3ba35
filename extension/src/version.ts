/** The version of this bundle; the tests hold it against the Python package's. */
export const VERSION = '0.1.0';
