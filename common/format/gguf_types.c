#include "format/gguf_types.h"

size_t gguf_type_size(enum gguf_type type)
{
	static const size_t sizes[GGUF_TYPES] = {
	        [GGUF_U8] = 1,
	        [GGUF_I8] = 1,
	        [GGUF_U16] = 2,
	        [GGUF_I16] = 2,
	        [GGUF_U32] = 4,
	        [GGUF_I32] = 4,
	        [GGUF_F32] = 4,
	        [GGUF_BOOL] = 1,
	        [GGUF_U64] = 8,
	        [GGUF_I64] = 8,
	        [GGUF_F64] = 8,
	};

	return type < GGUF_TYPES ? sizes[type] : 0;
}

const char *gguf_file_type_name(uint32_t file_type)
{
	static const char *const names[] = {
	        [0] = "F32",
	        [1] = "F16",
	        [2] = "Q4_0",
	        [3] = "Q4_1",
	        [7] = "Q8_0",
	        [8] = "Q5_0",
	        [9] = "Q5_1",
	        [10] = "Q2_K",
	        [11] = "Q3_K_S",
	        [12] = "Q3_K_M",
	        [13] = "Q3_K_L",
	        [14] = "Q4_K_S",
	        [15] = "Q4_K_M",
	        [16] = "Q5_K_S",
	        [17] = "Q5_K_M",
	        [18] = "Q6_K",
	        [19] = "IQ2_XXS",
	        [20] = "IQ2_XS",
	        [21] = "Q2_K_S",
	        [22] = "IQ3_XS",
	        [23] = "IQ3_XXS",
	        [24] = "IQ1_S",
	        [25] = "IQ4_NL",
	        [26] = "IQ3_S",
	        [27] = "IQ3_M",
	        [28] = "IQ2_S",
	        [29] = "IQ2_M",
	        [30] = "IQ4_XS",
	        [31] = "IQ1_M",
	        [32] = "BF16",
	        [36] = "TQ1_0",
	        [37] = "TQ2_0",
	        [38] = "MXFP4_MOE",
	        [39] = "NVFP4",
	        [40] = "Q1_0",
	};

	return file_type < sizeof(names) / sizeof(names[0]) ? names[file_type] : NULL;
}

static const struct {
	const char *name;
	uint32_t elements, bytes; /* of a block; 0: not known */
} tensor_types[] = {
        [0] = {"F32", 1, 4},
        [1] = {"F16", 1, 2},
        [2] = {"Q4_0", 32, 18},
        [3] = {"Q4_1", 32, 20},
        [6] = {"Q5_0", 32, 22},
        [7] = {"Q5_1", 32, 24},
        [8] = {"Q8_0", 32, 34},
        [9] = {"Q8_1", 32, 36},
        [10] = {"Q2_K", 256, 84},
        [11] = {"Q3_K", 256, 110},
        [12] = {"Q4_K", 256, 144},
        [13] = {"Q5_K", 256, 176},
        [14] = {"Q6_K", 256, 210},
        [15] = {"Q8_K", 256, 292},
        [16] = {"IQ2_XXS", 256, 66},
        [17] = {"IQ2_XS", 256, 74},
        [18] = {"IQ3_XXS", 256, 98},
        [19] = {"IQ1_S", 256, 50},
        [20] = {"IQ4_NL", 32, 18},
        [21] = {"IQ3_S", 256, 110},
        [22] = {"IQ2_S", 256, 82},
        [23] = {"IQ4_XS", 256, 136},
        [24] = {"I8", 1, 1},
        [25] = {"I16", 1, 2},
        [26] = {"I32", 1, 4},
        [27] = {"I64", 1, 8},
        [28] = {"F64", 1, 8},
        [29] = {"IQ1_M", 256, 56},
        [30] = {"BF16", 1, 2},
        [34] = {"TQ1_0", 256, 54},
        [35] = {"TQ2_0", 256, 66},
        [39] = {"MXFP4", 32, 17},
        [40] = {"NVFP4", 0, 0},
        [41] = {"Q1_0", 0, 0},
};

#define TENSOR_TYPES (sizeof(tensor_types) / sizeof(tensor_types[0]))

const char *gguf_tensor_type_name(uint32_t type)
{
	return type < TENSOR_TYPES ? tensor_types[type].name : NULL;
}

bool gguf_tensor_block(uint32_t type, uint64_t *elements, uint64_t *bytes)
{
	if (type >= TENSOR_TYPES || tensor_types[type].bytes == 0)
		return false;
	*elements = tensor_types[type].elements;
	*bytes = tensor_types[type].bytes;
	return true;
}
