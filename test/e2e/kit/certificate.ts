// A certificate for one test run.

import { writeFileSync } from 'node:fs'
import { generate } from 'selfsigned'

/** Writes `cert.pem` and `key.pem` into a place; `{dir}` reaches them from a configuration. */
export async function writeCertificate(place: { path(name: string): string }): Promise<void> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'gate.test' }], {
    keyType: 'ec',
  })
  writeFileSync(place.path('cert.pem'), cert)
  writeFileSync(place.path('key.pem'), key)
}
