"""The floor of the tasks that train from scratch on the two small texts: the tokenizer and the shape of reference.py, with the weights as they are drawn."""
from program import arguments, save
from sentences import new_model, read_sentences, train_tokenizer


def main():
    options = arguments()
    tokenizer = train_tokenizer(read_sentences(options.data))
    save(new_model(tokenizer, options.seed), tokenizer, options.out)


if __name__ == "__main__":
    main()
