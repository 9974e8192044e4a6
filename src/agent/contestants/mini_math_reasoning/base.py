"""The floor of mini_math_reasoning: the tokenizer and the shape of reference.py, with the weights as they are drawn."""
from problems import new_model, read_problems, train_tokenizer
from program import arguments, save


def main():
    options = arguments()
    tokenizer = train_tokenizer(read_problems(options.data))
    save(new_model(tokenizer, options.seed), tokenizer, options.out)


if __name__ == "__main__":
    main()
