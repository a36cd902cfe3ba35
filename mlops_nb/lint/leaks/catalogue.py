"""What the libraries' names do to rows: who learns from them, splits, multiplies or scores them."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Learn something from the rows they are fitted on that shows in every row they transform.
LEARNERS = _words(
    """StandardScaler MinMaxScaler RobustScaler MaxAbsScaler QuantileTransformer PowerTransformer
    KBinsDiscretizer SplineTransformer KernelCenterer SimpleImputer KNNImputer
    IterativeImputer Imputer MissForest IterativeSVD MICEData PCA IncrementalPCA KernelPCA
    SparsePCA TruncatedSVD FastICA NMF FactorAnalysis LatentDirichletAllocation Isomap
    LocallyLinearEmbedding TSNE UMAP MDS Nystroem GaussianRandomProjectionCV
    DictionaryLearning SelectKBest SelectPercentile SelectFromModel SelectFpr SelectFdr
    SelectFwe RFE RFECV GenericUnivariateSelect VarianceThreshold SequentialFeatureSelector
    BorutaPy Boruta CountVectorizer TfidfVectorizer TfidfTransformer TargetEncoder
    LeaveOneOutEncoder CatBoostEncoder WOEEncoder JamesSteinEncoder MEstimateEncoder
    GLMMEncoder CountEncoder CountFrequencyEncoder RareLabelEncoder MeanEncoder
    MeanMedianImputer EndTailImputer Winsorizer KMeans MiniBatchKMeans DBSCAN GaussianMixture
    Birch AgglomerativeClustering MeanShift SpectralClustering FeatureAgglomeration
    BernoulliRBM Tokenizer TextVectorization Normalization Discretization StringLookup"""
)
# Choose columns.
SELECTORS = _words(
    """SelectKBest SelectPercentile SelectFromModel SelectFpr SelectFdr SelectFwe RFE RFECV
    GenericUnivariateSelect VarianceThreshold SequentialFeatureSelector BorutaPy Boruta"""
)
CLUSTERERS = _words(
    """KMeans MiniBatchKMeans DBSCAN GaussianMixture Birch AgglomerativeClustering MeanShift
    SpectralClustering OPTICS HDBSCAN"""
)
# Are fitted, yet treat each row by itself, or learn no more than the names of categories.
NEUTRAL = _words(
    """LabelEncoder OneHotEncoder OrdinalEncoder LabelBinarizer MultiLabelBinarizer Normalizer
    Binarizer FunctionTransformer PolynomialFeatures HashingVectorizer DictVectorizer
    FeatureHasher BinaryEncoder HashingEncoder BaseNEncoder"""
)
COMPOSITES = _words(
    """Pipeline make_pipeline ColumnTransformer make_column_transformer FeatureUnion make_union
    DataFrameMapper make_imb_pipeline"""
)
SEARCHES = _words(
    """GridSearchCV RandomizedSearchCV HalvingGridSearchCV HalvingRandomSearchCV BayesSearchCV
    OptunaSearchCV"""
)
OVERSAMPLERS = _words(
    """SMOTE SMOTENC SMOTEN ADASYN BorderlineSMOTE KMeansSMOTE SVMSMOTE RandomOverSampler
    SMOTEENN SMOTETomek"""
)
FOLDS = re.compile(r"\w*(?:KFold|ShuffleSplit|TimeSeriesSplit|LeaveOneOut|LeavePOut)\w*")
ONE_CUT = re.compile(r"(?:Stratified|Group)?ShuffleSplit")
CROSS_VALIDATIONS = _words(
    """cross_val_score cross_validate cross_val_predict learning_curve validation_curve"""
)
EARLY_STOPS = _words("EarlyStopping ModelCheckpoint early_stopping")

# Functions that learn from their first argument and return rows, or what chooses columns.
LEARNING_FUNCTIONS = _words(
    """scale minmax_scale maxabs_scale robust_scale quantile_transform power_transform qcut
    zscore boxcox winsorize"""
)
SELECTING_FUNCTIONS = _words(
    """mutual_info_classif mutual_info_regression f_classif f_regression chi2 f_oneway
    chi2_contingency"""
)
# Methods and numpy functions that turn rows into a statistic of them.
STATISTICS = _words(
    """mean median mode std var min max quantile percentile describe ptp average nanmean
    nanmedian nanstd nanvar nanmax nanmin nanpercentile amin amax cov skew sem mad agg
    aggregate"""
)
SELECTING_STATISTICS = _words("corr corrwith")
# Fill or rank a row by its neighbours.
NEIGHBOURS = _words("interpolate bfill backfill rank")
IN_TIME = _words("shift rolling ewm expanding pct_change diff asfreq resample")
DATES = re.compile(r"(?i)(?:^|_|\b)(?:date|datetime|time|timestamp|day|month|ds)(?:$|_|\b)|.*date$")

METRIC = re.compile(
    r"\w+_score|\w*(?:mean|median|max|root)\w*_(?:error|deviance)|r2|accuracy|"
    r"classification_report|confusion_matrix|log_loss|roc_curve|precision_recall_curve|"
    r"precision_recall_fscore_support|det_curve|hamming_loss|brier_score_loss|zero_one_loss|"
    r"plot_confusion_matrix|plot_roc_curve|plot_precision_recall_curve|plot_roc|rmse|rmsle|mae|"
    r"mse|mape|from_predictions|from_estimator"
)
NO_METRIC = _words(
    """silhouette_score davies_bouldin_score calinski_harabasz_score adjusted_rand_score
    cross_val_score"""
)
# Their result is no table, whatever goes in.
NO_DATA = _words(
    """len range print type isinstance open round_ display show plot hist
    figure subplots heatmap countplot boxplot barplot scatter scatterplot distplot histplot
    pairplot title xlabel ylabel legend bar format isnull isna notnull notna info nunique
    unique summary compile add_subplot savefig to_csv dump save getenv time"""
)
READERS = re.compile(
    r"read_\w+|load\w*|fetch_\w+|make_(?:blobs|moons|circles|classification|regression)|"
    r"genfromtxt|loadtxt|fromfile|get_dataset|download|DataReader"
)
WRAPPERS = _words(
    """DataFrame Series DMatrix Dataset Pool TensorDataset DataLoader Tensor Subset
    QuantileDMatrix Index SparseTensor Variable"""
)
STACKS = _words("concat concatenate vstack append row_stack r_ hstack column_stack")
SIDE_BY_SIDE = _words("hstack column_stack")
# How the columns are called that say which one a row is about.
ENTITY = re.compile(
    r"(?:.*[_ ])?(?i:ids?|key|uuid|names?)|.*[a-z](?:Ids?|ID|Key|Name)|index|(?i:ticket\w*)|"
    r"(?i:\w*(?:customer|user|patient|passenger|player|team|item|product|order|client|session)id)"
)
WINDOWS = _words("rolling expanding ewm resample")
# Look into a model that is fitted, or adjust it: held-out rows are what they are for.
EXPLAINERS = re.compile(r"\w*(?:Explain|Importance|Visualiz|Calibrat|Threshold)\w*")
HELD_OUT = re.compile(
    r"(?:^|_|\b)(?i:test|tst|valid|validation|val|dev|holdout|te|va|unseen)(?:s|ing)?"
    r"(?:\d*$|_|\b|(?=[A-Z]))|^[xXyY](?i:test|val|te|va|valid)(?:_|\d*$)|[a-z](?:Test|Val|Valid)(?![a-z])"
)
VALIDATION = re.compile(r"(?i)val|(?:^|_)dev|(?:^|_)va?(?:_|$)")
TRAINING = re.compile(r"(?i)train|(?:^|_)tr(?:n|_|$)|^[xy]tr$")
