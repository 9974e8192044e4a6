"""
Log-likelihoods of continuations, in float32, as the harness's `hf` model class defines them: the same tokens, cut from the left at the same
place, the same sum. What differs is the work: requests that feed the model the same tokens share one forward pass, a context is encoded once for
all its continuations, and the output layer sees only the positions that are read.
"""
import inspect

import torch
from channel import BadModel
from failures import is_out_of_memory, stage
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import resolve_max_length
from tokens import TextEncoder, encode_pairs
from transformers.modeling_outputs import BaseModelOutput

# Numbers of four bytes in the largest tensors of one batch. A bound of its own and no setting: no score depends on it beyond the last digits of
# float32, and the same model is always scored in the same batches.
BUDGET = {"cpu": 4_000_000, "cuda": 256_000_000}
SAME = 1e-4
FAILS = "The model fails while the evaluation's texts are scored. Try it on more and longer texts in a fresh process."


class Engine:
    """Scores requests with one model. `largest_batch` is the number of sequences in the largest batch so far."""

    def __init__(self, model, tokenizer, architecture, budget, blame):
        self.model, self.architecture, self.device = model, architecture, model.device
        self.max_length = resolve_max_length(model.config, tokenizer, default=HFLM._DEFAULT_MAX_LENGTH)
        self.prefix_token = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        self.encoder = TextEncoder(tokenizer, self.prefix_token)
        self.budget = budget or BUDGET.get(self.device.type, BUDGET["cpu"])
        self.vocabulary = model.get_input_embeddings().weight.shape[0]
        self.shape = {name: int(getattr(model.config.get_text_config(), name, None) or usual) for name, usual in SHAPE.items()}
        self.options = {"use_cache": False} if "use_cache" in inspect.signature(model.forward).parameters else {}
        self.reader = Reader(model)
        self.largest_batch, self.blame = 0, blame

    def acting(self):
        """What goes wrong while the model or its tokenizer is at work is the submission's fault; anywhere else it is ours."""
        return stage("loads", self.blame)

    def encode(self, pairs):
        """Requests, as pairs of token lists, from pairs of texts."""
        with self.acting():
            requests = encode_pairs(self.encoder, pairs, self.prefix_token, self.architecture)
        longest = max(len(after) for _, after in requests)
        if longest > self.max_length:
            raise BadModel("config", f"The model takes {self.max_length} tokens at most, an answer of the evaluation has up to {longest}. Give it more positions or a larger vocabulary.")
        return requests

    def is_cut(self, request):
        before, after = request
        return len(before) + len(after) > self.max_length + 1 if self.architecture == "causal" else len(before) > self.max_length

    @torch.inference_mode()
    def loglikelihoods(self, requests, advance=lambda count: None):
        """One value a request, in its order; `advance` is told how many more are done."""
        values = [0.0] * len(requests)
        for batch in self.batches(self.shared(requests)):
            with self.acting():
                found = self.score(batch)
            for place, value in found:
                values[place] = value
            advance(len(found))
        return values

    def shared(self, requests):
        """One forward pass for all requests that feed the model the same tokens; the longest first."""
        passes = {}
        for place, (before, after) in enumerate(requests):
            if self.architecture == "causal":
                whole = before + after
                fed = (tuple(whole[max(0, len(whole) - self.max_length - 1) : -1]),)
            else:
                fed = (tuple(before[-self.max_length :]), tuple(after[:-1]))
            one = passes.get(fed)
            if one is None:
                one = passes[fed] = Pass(fed)
            one.add(place, after)
        return sorted(passes.values(), key=lambda one: (-one.length, one.fed))

    def batches(self, passes):
        batch, length, reads = [], 0, 0
        for one in passes:
            after = (max(length, one.length), reads + one.reads)
            if batch and self.cost(len(batch) + 1, *after) > self.budget:
                yield batch
                batch, after = [], (one.length, one.reads)
            batch.append(one)
            length, reads = after
        if batch:
            yield batch

    def cost(self, count, length, reads):
        """The numbers in the logits, in the widest layer and in the attention weights of a batch, whichever are most."""
        rows = count * length
        logits = (reads if self.reader.picks else rows) * self.vocabulary
        return max(logits, 4 * rows * self.shape["hidden_size"], rows * length * self.shape["num_attention_heads"])

    def score(self, batch):
        try:
            found = self.read(batch)
        except Exception as error:
            if len(batch) == 1 or not is_out_of_memory(error):
                raise
            found = None
        if found is None:  # outside of the handler, which would hold on to the tensors
            half = len(batch) // 2
            return self.score(batch[:half]) + self.score(batch[half:])
        self.largest_batch = max(self.largest_batch, len(batch))
        return found

    def read(self, batch):
        """(place, value) of every request of the batch."""
        rows, positions, offsets = [], [], []
        for row, one in enumerate(batch):
            offsets.append(len(rows))
            end = len(one.fed[-1]) + (self.architecture == "seq2seq")
            rows += [row] * one.reads
            positions += range(end - one.reads, end)
        logits = self.reader.read((rows, positions), lambda: self.forward(batch)).float()
        picked, targets, owners, places = [], [], [], []
        for one, offset in zip(batch, offsets):
            for place, after in one.members:
                start = offset + one.reads - len(after)
                picked += range(start, start + len(after))
                targets += after
                owners += [len(places)] * len(after)
                places.append(place)
        picked, targets = (torch.tensor(numbers, device=self.device) for numbers in (picked, targets))
        terms = torch.log_softmax(logits, dim=1)[picked, targets].cpu()  # on a GPU the sum would depend on the run
        sums = torch.zeros(len(places), dtype=torch.float64).index_add_(0, torch.tensor(owners), terms.double())
        return list(zip(places, sums.float().tolist()))  # the float32 nearest to the sum, whatever the order

    def forward(self, batch):
        if self.architecture == "causal":
            return self.model(self.padded([one.fed[0] for one in batch]), **self.options).logits
        sources = list(dict.fromkeys(one.fed[0] for one in batch))
        ids = self.padded(sources)
        mask = self.padded([[1] * len(source) for source in sources])
        hidden = self.model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
        number = {source: at for at, source in enumerate(sources)}
        chosen = torch.tensor([number[one.fed[0]] for one in batch], device=self.device)
        return self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=hidden[chosen]),
            attention_mask=mask[chosen],
            decoder_input_ids=self.padded([self.decoder_input(one) for one in batch]),
            **self.options,
        ).logits

    def decoder_input(self, one):
        labels = one.members[0][1]
        shift = getattr(self.model, "prepare_decoder_input_ids_from_labels", None)
        if shift is None:
            return [self.model.config.decoder_start_token_id, *labels[:-1]]
        return shift(labels=torch.tensor([labels]))[0].tolist()

    def padded(self, sequences):
        """Filled up with zeros at the right, as the harness does: no position sees what stands after it."""
        length = max(map(len, sequences))
        return torch.tensor([[*ids, *[0] * (length - len(ids))] for ids in sequences], device=self.device)


SHAPE = {"hidden_size": 1024, "num_attention_heads": 16}


class Pass:
    """What is fed to the model once: the tokens before the last, for an encoder-decoder model the source too; and the requests that read from it."""

    __slots__ = ("fed", "length", "members", "reads")

    def __init__(self, fed):
        self.fed, self.members, self.reads = fed, [], 0
        self.length = max(map(len, fed)) + (len(fed) - 1)

    def add(self, place, after):
        self.members.append((place, after))
        self.reads = max(self.reads, len(after))


class Reader:
    """
    Logits at chosen positions. The output layer is handed those positions alone, where it is a module that takes them so, which is tried out on the
    model itself; elsewhere it makes the logits of all positions first.
    """

    def __init__(self, model):
        self.chosen, self.picks = None, False
        self.layer = model.get_output_embeddings()
        if self.layer is not None:
            self.layer.register_forward_pre_hook(self.pick)

    def pick(self, module, inputs):
        if self.chosen is None:
            return None
        rows, positions = self.chosen
        return (inputs[0][rows, positions].unsqueeze(0), *inputs[1:])

    def read(self, chosen, forward):
        """[positions, vocabulary] at the chosen (rows, positions)."""
        if not self.picks:
            return forward()[chosen[0], chosen[1]]
        self.chosen = chosen
        try:
            return forward()[0]
        finally:
            self.chosen = None

    def try_out(self, chosen, forward):
        plain = self.read(chosen, forward).float()
        self.picks = self.layer is not None
        try:
            picked = self.read(chosen, forward).float()
            self.picks = picked.shape == plain.shape and bool((picked - plain).abs().max() <= SAME * plain.std())
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self.picks = False


def make_engine(model, tokenizer, architecture, budget=None, blame=FAILS):
    """An engine that has found out, on two short texts, how the model's logits can be read."""
    engine = Engine(model, tokenizer, architecture, budget, blame)
    pairs = [("The cat", " sat on the mat."), ("A dog and a horse", " slept.")]
    batch = engine.shared(encode_pairs(engine.encoder, pairs, engine.prefix_token, architecture))
    short = [one for one in batch if one.length <= engine.max_length]
    if short:
        with torch.inference_mode():
            ends = [len(one.fed[-1]) - (architecture == "causal") for one in short]
            engine.reader.try_out((list(range(len(short))), ends), lambda: engine.forward(short))
    return engine
