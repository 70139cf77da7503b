// A console on the messages of @device-management-toolkit/wsman-messages: posts them over HTTPS, one connection.
//
// Reads JSON from stdin: {port, ca, user, password, base, steps: [[method of the messages, class, ...arguments]]}.
// Writes JSON: [{status, body}], one a step. "CONTEXT" in an argument is that of the last answer that had one.
'use strict'

const fs = require('fs')
const https = require('https')
const { Base, WSManMessageCreator } = require('@device-management-toolkit/wsman-messages/WSMan')

const asked = JSON.parse(fs.readFileSync(0, 'utf8'))
const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
const creator = new WSManMessageCreator(asked.base)

function post (body) {
  const options = {
    host: 'localhost',
    port: asked.port,
    path: '/wsman',
    method: 'POST',
    auth: `${asked.user}:${asked.password}`,
    ca: fs.readFileSync(asked.ca),
    agent
  }
  return new Promise((resolve, reject) => {
    const request = https.request(options, (answer) => {
      const pieces = []
      answer.on('data', (piece) => pieces.push(piece))
      answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(pieces).toString('utf8') }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function main () {
  const answers = []
  let context = ''
  for (const [method, className, ...given] of asked.steps) {
    const messages = new Base(creator)
    messages.className = className
    const answer = await post(messages[method](...given.map((each) => (each === 'CONTEXT' ? context : each))))
    const found = /EnumerationContext>([^<]+)</.exec(answer.body)
    context = found ? found[1] : context
    answers.push(answer)
  }
  agent.destroy()
  console.log(JSON.stringify(answers))
}

main().catch((wrong) => {
  console.error(wrong.message)
  process.exit(1)
})
