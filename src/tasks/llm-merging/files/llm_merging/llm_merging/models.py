"""Loads a model folder, whichever of the two kinds it is."""
import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES

from llm_merging.errors import MergeError


transformers.utils.logging.disable_progress_bar()


def load(folder):
    """(model in float32, what transformers says about missing and odd tensors)."""
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    is_seq2seq = config.model_type in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
    loader = transformers.AutoModelForSeq2SeqLM if is_seq2seq else transformers.AutoModelForCausalLM
    try:
        return loader.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise MergeError(f"{folder} does not load with transformers: {str(error).splitlines()[0]}") from None


def load_tokenizer(folder):
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise MergeError(f"The tokenizer in {folder} does not load: {str(error).splitlines()[0]}") from None
