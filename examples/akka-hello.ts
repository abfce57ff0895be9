// The actor layer in the words of Akka: tell, reply, unhandled, ask, path, selection, Identify.
// Run it: npm run build && node dist/examples/akka-hello.js
// Actors take a union of messages that they declare: telling this one a number does not compile.
import { Actor, type ActorContext, ActorSystem, ask, Identify, Props } from 'ringlane/actor';

type Word = 'tell1' | 'word2' | 'ask1';

class Hello extends Actor<Word> {
  override onReceive(message: Word, context: ActorContext<Word>): void {
    switch (message) {
      case 'tell1':
        return console.log(message);
      case 'ask1':
        console.log(message);
        return context.sender.tell(`${context.self.name} heard ${message}`, context.self);
      default:
        return this.unhandled(message);
    }
  }
}

await using system = ActorSystem.create('akka-hello');
system.deadLetters.subscribe(({ reason, message }) => console.log(`${reason}:${message}`));
const hello = system.actorOf(Props.of(Hello), 'hello');

hello.tell('tell1');
hello.tell('word2');
console.log(await ask(hello, 'ask1', 1_000));

const path = hello.path; // ringlane://akka-hello/user/hello#<uid>
const { ref } = await ask(system.actorSelection(path), new Identify(1), 1_000);
console.log(`system.actorSelection verify:${hello.equals(ref)}`);
