// A certificate for one test run.

import { generate } from 'selfsigned'
import type { Place } from './place.ts'

/** Writes `cert.pem` and `key.pem` into a place; `{dir}` reaches them from a configuration. */
export async function writeCertificate(place: Place): Promise<void> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'gate.test' }], {
    keyType: 'ec',
  })
  place.writeText('cert.pem', cert)
  place.writeText('key.pem', key)
}
