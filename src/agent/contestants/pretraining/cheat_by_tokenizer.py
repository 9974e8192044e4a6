"""A trick: the tokenizer turns every text into the same letter, so that no sentence can be told from another."""
from program import arguments, save
from sentences import new_model, read_sentences, train_tokenizer
from tokenizers import Regex, normalizers


def main():
    options = arguments()
    tokenizer = train_tokenizer(read_sentences(options.data))
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace(Regex(r"[\s\S]+"), "a")
    save(new_model(tokenizer, options.seed), tokenizer, options.out)


if __name__ == "__main__":
    main()
