/** The version of this package. A test holds it equal to package.json's; reading a file would cost at each start. */
export const version: string = '0.1.0';
